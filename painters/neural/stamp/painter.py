"""The stamp painter: MyPaint's own dabs, laid one by one and differentiably, for any brush of one color.

Where dabs fall and what they cover is libmypaint's arithmetic, from the brush's settings. What that leaves out, its
rounding to 15 bits above all, is learned: a small network corrects the opacity, radius and hardness of every dab.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ...painter import Painter
from ...raster import WHOLE, Raster
from ...stroke import CANVAS_SIZE
from .dabs import Dabs, place_dabs, softened
from .law import LARGEST_CHANCE, LARGEST_RADIUS, BrushLaw
from .patches import all_patches, cover, dab_boxes, find_patches, lay
from .pen import Pen

NOISE_COLUMNS = 4
"""Random numbers of a dab: offset in x and y, ln of the radius, and the input ``random``."""
_DENSER, _LARGER = 0.5, 0.1
"""How far the optical density and the radius of a dab can be corrected, as logarithms: a hard brush of tiny dabs, whose
gradients are wild, otherwise grew them until a step of training took four seconds."""
_STROKES = 32
"""Strokes whose dabs are laid at once where the host may ask for their numbers: more leave a CPU's caches."""


class StampPainter(Painter):
    """Every dab of MyPaint's brush, with its own noise, as the engine lays it; autograd differentiates it.

    Args:
        law: the brush's settings, as ``BrushLaw.written`` gives them.
        dabs: random numbers are kept for so many dabs; of a stroke with more, several are laid at once.
        hidden: width of the network that corrects dabs.
        least_fade: part of a dab's radius over which its edge fades at least: an edge without any has no slope.
    """

    architecture = "stamp"
    exact = True
    noise: Tensor

    def __init__(self, law: Mapping[str, Any], dabs: int, hidden: int = 16, least_fade: float = 0.03) -> None:
        super().__init__()
        self.options = {"law": law, "dabs": dabs, "hidden": hidden, "least_fade": least_fade}
        self.law = BrushLaw.read(law)
        self.least_fade = least_fade
        self.pen = Pen(self.law, dabs)
        # Inputs: opacity, ln(radius in pixels), hardness, ln(ratio of axes). Outputs, for tanh: how much denser, larger
        # and harder a dab is; at first not at all.
        last = nn.Linear(hidden, 3)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.correction = nn.Sequential(nn.Linear(4, hidden), nn.SiLU(), last)
        thrown = self.law["offset_by_random"]
        far = LARGEST_RADIUS * (max(0.0, thrown.base + thrown.most) * LARGEST_CHANCE + self.law.largest)
        self.margin = math.ceil(min(CANVAS_SIZE, max(self.margin, far)))
        self.register_buffer("noise", torch.zeros(dabs, NOISE_COLUMNS))

    def set_noise(self, noise: Tensor) -> None:
        """Give the painter its brush's random numbers, (dabs, 4); they are stored with the weights."""
        self.noise.copy_(noise)

    def _weight(self) -> Tensor:
        return self.noise

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        return self._coverage(strokes, WHOLE)

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster, as the engine draws it there.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        return self._compute(strokes, lambda checked: self._coverage(checked, raster))

    @torch.no_grad()
    def crops(self, strokes: Tensor, raster: Raster) -> Iterator[tuple[int, int, Tensor]]:
        """See ``Painter``: only where dabs lie."""
        for part in self._checked(strokes).split(_STROKES):
            dabs = self._dabs(part, True, raster)
            boxes = dab_boxes(dabs, self.law, raster)
            ends = [0, *dabs.stroke.bincount(minlength=len(part)).cumsum(0).tolist()]
            for number, (first, last) in enumerate(pairwise(ends)):
                left, top, right, bottom = boxes[number]
                box = Raster(0.0, 0.0, 1.0, max(0, right - left), max(0, bottom - top))
                own = dabs.part(first, last, left, top)
                patches = find_patches(own, self.law, box) if box.width and box.height else ()
                yield left, top, cover(own, patches, box, self.law)[None, None]

    def _coverage(self, strokes: Tensor, raster: Raster) -> Tensor:
        if not self.may_ask(strokes):
            # Nobody knows how many dabs there are, nor how large: room for as many, and as large, as there may be.
            dabs = self._dabs(strokes, False, raster)
            density = lay(dabs, all_patches(dabs, len(self.noise), self.law, raster), len(strokes), raster, self.law)
        elif len(strokes):
            parts = [self._dabs(part, True, raster) for part in strokes.split(_STROKES)]
            laid = [
                lay(dabs, find_patches(dabs, self.law, raster), min(_STROKES, len(strokes) - first), raster, self.law)
                for dabs, first in zip(parts, range(0, len(strokes), _STROKES), strict=True)
            ]
            density = torch.cat(laid) if len(laid) > 1 else laid[0]
        else:
            density = strokes.new_zeros(0, raster.height, raster.width)
        return -torch.expm1(-density)[:, None]

    def _dabs(self, strokes: Tensor, ask: bool, raster: Raster) -> Dabs:
        """The dabs of strokes (N, 12), in pixels of the raster; as many as there may be where the host cannot ask."""
        path = self.pen(strokes, ask)
        counts = [min(len(self.noise), math.floor(dabs) + 1) for dabs in path.total.tolist()] if ask else None
        stream = self.pen.stream if self.law.shakes else None
        dabs = place_dabs(self.law, self.pen.columns, path, self.noise, raster, counts, stream)
        return self._corrected(softened(dabs, self.law, self.least_fade))

    def _corrected(self, dabs: Dabs) -> Dabs:
        seen = torch.stack([dabs.opacity, dabs.radius.log(), dabs.hardness, dabs.ratio.log()], -1)
        denser, larger, harder = torch.tanh(self.correction(seen)).unbind(-1)
        density = torch.log1p(-dabs.opacity) * torch.exp(_DENSER * denser)
        return dabs._replace(
            opacity=-torch.expm1(density),
            radius=dabs.radius * torch.exp(_LARGER * larger),
            hardness=dabs.hardness + harder * dabs.hardness * (1 - dabs.hardness),
        )
