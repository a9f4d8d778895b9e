"""Strokes that break careless painters: random ones by the million, and every degenerate one. Fidelity is elsewhere."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..painter import Painter
from ..stroke import COLOR, CONTROL, END, END_PRESSURE, ENTRY_PRESSURE, SIZE, START, STROKE_LENGTH, random_strokes

_BATCH = 256
"""Strokes at a time, with gradients; figures do not depend on it."""


@dataclass(frozen=True)
class Robustness:
    """What ``measure_robustness`` found; all is well when the three counts are 0."""

    strokes: int
    not_finite: int
    """Strokes with a NaN or an infinity in their coverage."""
    out_of_range: int
    """Strokes with coverage outside [0, 1]."""
    bad_gradients: int
    """Strokes whose gradient holds a NaN or an infinity."""


def degenerate_strokes() -> NDArray[np.float32]:
    """Every corner of the cube, and strokes without pressure, size, length or contrast: (N, 12) in [0, 1]."""
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=STROKE_LENGTH)), np.float32)
    base = random_strokes(256, np.random.default_rng(0)).astype(np.float32)

    def variant(**fields: float | NDArray[np.float32]) -> NDArray[np.float32]:
        strokes = base.copy()
        for name, value in fields.items():
            strokes[:, _PARTS[name]] = value
        return strokes

    return np.concatenate(
        [
            corners,
            variant(entry_pressure=0.0, end_pressure=0.0),
            variant(size=0.0),
            variant(color=1.0),
            variant(end=base[:, START]),
            variant(end=base[:, START], control=base[:, START]),
            variant(control=(base[:, START] + base[:, END]) * np.float32(0.5)),
            variant(end=base[:, START] + np.float32(1e-7), control=base[:, START]).clip(0, 1),
        ]
    )


_PARTS: dict[str, int | slice] = {
    "entry_pressure": ENTRY_PRESSURE,
    "end_pressure": END_PRESSURE,
    "size": SIZE,
    "color": COLOR,
    "start": START,
    "control": CONTROL,
    "end": END,
}


def measure_robustness(
    painter: Painter, strokes: NDArray[np.float32], progress: Callable[[int], object] | None = None
) -> Robustness:
    """Paint every stroke, take the gradient of its ink, and count what is not finite or out of range.

    Args:
        painter: the painter.
        strokes: (N, 12) in [0, 1].
        progress: called with the number of strokes finished since its last call.
    """
    not_finite = out_of_range = bad_gradients = 0
    for part in np.array_split(strokes, max(1, len(strokes) // _BATCH)):
        batch = torch.from_numpy(part).requires_grad_()
        coverage = painter(batch).flatten(1)
        coverage.sum().backward()
        assert batch.grad is not None
        not_finite += int((~coverage.isfinite()).any(1).sum())
        out_of_range += int(((coverage < 0) | (coverage > 1)).any(1).sum())
        bad_gradients += int((~batch.grad.isfinite()).any(1).sum())
        if progress:
            progress(len(part))
    return Robustness(len(strokes), not_finite, out_of_range, bad_gradients)
