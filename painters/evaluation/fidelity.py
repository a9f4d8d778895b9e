"""How true a neural painter is to the real brush: figures and contact sheets. Nothing here trains.

Whether many strokes together look like the brush's, whichever lies where, is measured in ``frechet``.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ..painter import Painter
from ..stroke import CANVAS_SIZE, COLOR

_BATCH = 64
"""Strokes at a time: measuring is quickest so on a CPU."""
_SHEET_COLUMNS = 6
"""Pairs of pictures side by side on a contact sheet of one painter."""


@dataclass(frozen=True)
class Fidelity:
    """Figures pooled over all pixels of all strokes, coverage in [0, 1]."""

    strokes: int
    psnr: float
    """10 log10(1 / mean squared error), dB; higher is better."""
    l1: float
    """Mean absolute error."""
    iou: float
    """Intersection over union of the pixels covered by more than half."""
    detail: float
    """High-frequency energy of the neural coverage: the mean square of ``high_pass``."""
    real_detail: float
    """The same of the real coverage."""
    energy: float
    """Mean square of the real coverage."""

    @property
    def relative_error(self) -> float:
        """Mean squared error in parts of the ink's own energy: faint ink has a high PSNR for nothing."""
        return float(10 ** (-self.psnr / 10) / self.energy) if self.energy else 0.0

    @property
    def detail_gap(self) -> float:
        """|detail / real_detail - 1|: 0 means as crisp as the real brush."""
        return abs(self.detail / self.real_detail - 1) if self.real_detail else 0.0

    def as_dict(self) -> dict[str, float]:
        """The figures, rounded for cards and reports."""
        return {key: round(value, 7) for key, value in asdict(self).items()} | {
            "detail_gap": round(self.detail_gap, 4),
            "relative_error": round(self.relative_error, 6),
        }


def as_batches(
    strokes: NDArray[np.float32], coverage: NDArray[np.uint8], size: int = _BATCH, device: str | torch.device = "cpu"
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of strokes (n, 12) and real coverage (n, 1, 64, 64) in [0, 1], in order."""
    for first in range(0, len(strokes), size):
        part = slice(first, first + size)
        yield (
            torch.from_numpy(strokes[part]).to(device),
            torch.from_numpy(coverage[part]).to(device)[:, None].float() / 255,
        )


@dataclass(frozen=True)
class StrokeFigures:
    """Sums and means over the pixels of each stroke, (N,) each, from which ``Fidelity`` is pooled."""

    square: NDArray[np.float64]
    absolute: NDArray[np.float64]
    both: NDArray[np.float64]
    either: NDArray[np.float64]
    detail: NDArray[np.float64]
    real_detail: NDArray[np.float64]
    energy: NDArray[np.float64]

    def pooled(self, rows: Any = slice(None)) -> Fidelity:
        """The figures of all strokes, or of those that ``rows`` (a mask or indices) picks."""
        picked = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        count = len(picked["square"])
        pixels = count * CANVAS_SIZE**2
        either = picked["either"].sum()
        return Fidelity(
            strokes=count,
            psnr=float(10 * np.log10(pixels / max(picked["square"].sum(), 1e-12))),
            l1=float(picked["absolute"].sum() / pixels),
            iou=float(picked["both"].sum() / either) if either else 1.0,
            detail=float(picked["detail"].mean()),
            real_detail=float(picked["real_detail"].mean()),
            energy=float(picked["energy"].sum() / pixels),
        )


def high_pass(coverage: Tensor) -> Tensor:
    """The five-point Laplacian over 4, (N, 1, H, W) -> (N, 1, H - 2, W - 2): zero on even tone and on ramps."""
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]], dtype=torch.float32) / 4
    return nn.functional.conv2d(coverage, kernel.to(coverage)[None, None])


@torch.no_grad()
def paint_all(painter: Painter, strokes: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a painter makes of strokes (N, 12) in [0, 1], in evaluation mode: coverage (N, 64, 64) in [0, 1]."""
    was_training = painter.training
    painter.eval()
    device = next(iter(painter.state_dict().values())).device
    neural = np.empty((len(strokes), CANVAS_SIZE, CANVAS_SIZE), np.float32)
    for first in range(0, len(strokes), _BATCH):
        part = slice(first, first + _BATCH)
        neural[part] = painter(torch.from_numpy(strokes[part]).to(device))[:, 0].cpu()
    painter.train(was_training)
    return neural


def stroke_figures(neural: NDArray[np.float32], coverage: NDArray[np.uint8]) -> StrokeFigures:
    """Compare each stroke of a painter with the engine's.

    Args:
        neural: (N, 64, 64) in [0, 1], from ``paint_all``.
        coverage: (N, 64, 64) uint8, what the engine drew for the same strokes.
    """
    parts = []
    for own, real in as_batches(neural, coverage):
        drawn = own[:, None]
        difference = drawn - real
        figures = (
            difference.square(),
            difference.abs(),
            (drawn > 0.5) & (real > 0.5),
            (drawn > 0.5) | (real > 0.5),
        )
        details = (high_pass(drawn).square(), high_pass(real).square())
        sums = [figure.sum((1, 2, 3), dtype=torch.float64) for figure in figures]
        means = [detail.mean((1, 2, 3), dtype=torch.float64) for detail in details]
        energy = real.square().sum((1, 2, 3), dtype=torch.float64)
        parts.append(torch.stack([*sums, *means, energy]))
    return StrokeFigures(*torch.cat(parts, 1).numpy())


def measure_fidelity(painter: Painter, strokes: NDArray[np.float32], coverage: NDArray[np.uint8]) -> Fidelity:
    """Compare a painter with the engine.

    Args:
        painter: the painter, which is left in the mode it was in.
        strokes: (N, 12) float32 in [0, 1].
        coverage: (N, 64, 64) uint8, what the engine drew for them.
    """
    return stroke_figures(paint_all(painter, strokes), coverage).pooled()


def contact_sheet(
    strokes: NDArray[np.float32], coverage: NDArray[np.uint8], *neural: NDArray[np.float32], scale: int = 2
) -> Image.Image:
    """Strokes in their colors on white, six to a row or fewer: the real brush on the left, each painter beside it.

    Args:
        strokes: (N, 12) float32 in [0, 1].
        coverage: (N, 64, 64) uint8, what the engine drew for them.
        neural: (N, 64, 64) in [0, 1], what each painter drew for them.
        scale: whole-number enlargement.
    """
    side_by_side = torch.cat([torch.from_numpy(coverage) / 255, *map(torch.from_numpy, neural)], 2)[:, None]
    # Pale inks hide the grain: each color is shown at no more than half its brightness.
    color = torch.from_numpy(strokes[:, COLOR])[..., None, None] * 0.5
    groups = F.pad(1 - side_by_side * (1 - color), (2, 2, 2, 2), value=0.8)
    columns = max(1, 2 * _SHEET_COLUMNS // (1 + len(neural)))
    groups = F.pad(groups, (0, 0, 0, 0, 0, 0, 0, -len(groups) % columns), value=1.0)
    count, _, height, width = groups.shape
    sheet = groups.view(-1, columns, 3, height, width).permute(0, 3, 1, 4, 2)
    pixels = (sheet.reshape(count // columns * height, columns * width, 3) * 255).round().byte().numpy()
    picture = Image.fromarray(pixels)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
