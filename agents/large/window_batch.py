"""Half-painted windows that an agent decides on at once, and what it decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...painters.painter import Painter
from ...painters.style import Style


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """Half-painted windows, and how many strokes each is to get.

    Attributes:
        canvas: (B, 3, 64, 64) in [0, 1].
        target: (B, 3, 64, 64) in [0, 1].
        counts: strokes for each, 1 or more.
        generators: sources of random numbers for each: that of its picture.
        painter: what turns strokes into ink.
        share: part of all strokes still to be laid at the beginning that these are, from 0 to 1.
        done: part of them that was laid before, from 0 to 1.
        whole: whether each of the windows is all there is to paint of its picture: small paintings.
    """

    canvas: Tensor
    target: Tensor
    counts: list[int]
    generators: list[torch.Generator]
    painter: Painter
    share: float
    done: float = 0.0
    whole: bool = False

    @property
    def alone(self) -> bool:
        """Whether this is one small painting, to the last stroke."""
        return self.whole and len(self.counts) == 1


class Decision(NamedTuple):
    """What an agent decided for a window.

    Attributes:
        strokes: (T, 12) in [0, 1], in painting order.
        canvas: (3, 64, 64) in [0, 1], the window with these strokes on it, from agents that painted them already.
    """

    strokes: Tensor
    canvas: Tensor | None = None


def finish(decisions: Sequence[Decision], style: Style) -> list[Decision]:
    """Decisions inside all limits of a style; their canvases are good no more where that changed a stroke."""
    if not (style.limits or style.large_first):
        return list(decisions)
    finished = [style.finish(decision.strokes) for decision in decisions]
    pairs = list(zip(finished, decisions, strict=True))
    same = torch.stack([(strokes == decision.strokes).all() for strokes, decision in pairs]).cpu().tolist()
    return [
        Decision(strokes, decision.canvas if kept else None)
        for (strokes, decision), kept in zip(pairs, same, strict=True)
    ]
