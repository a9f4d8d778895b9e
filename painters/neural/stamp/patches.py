"""Laying dabs on a raster: every dab only where it lies, all dabs of one extent together."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ...raster import Raster
from .dabs import MOST_OPAQUE, Dabs
from .law import LARGEST_RADIUS, BrushLaw
from .masks import SMALL, ellipse_distance, fade, faded, round_distance

_PIXELS = 1 << 16
"""Pixels of dabs that are computed at once on a CPU: larger arrays leave its caches."""
_LEAST_SLICED = 1 << 11
"""Pixels of a patch from which it is cheaper to add it by itself than to tell where each of its pixels goes."""
_DABS = 64
"""Dabs of each stroke that are laid at once where nobody may count them."""
_FAINTEST = 1 / (1 << 16)
"""Opacity below which a dab leaves nothing: half a level of libmypaint's paint."""
_LEAST_RADIUS = 0.1
"""In pixels: libmypaint draws no smaller dab (``draw_dab_internal``)."""


class Patches(NamedTuple):
    """Rectangles of one size for some dabs."""

    rows: Tensor
    """(K,) which dabs."""
    left: Tensor
    """(K,) int64: first column."""
    top: Tensor
    """(K,) int64: first row."""
    width: int
    height: int
    small: bool | None
    """Whether the dabs are smaller than ``masks.SMALL``; None where nobody knows."""


def lay(dabs: Dabs, patches: Iterable[Patches], count: int, raster: Raster, law: BrushLaw) -> Tensor:
    """Optical density (N, H, W) of the dabs of ``count`` strokes: what dabs let through multiplies, so it adds up."""
    density = dabs.opacity.new_zeros(count * raster.height * raster.width)
    form = _form(dabs)
    cells, added = [], []
    for patch in patches:
        chosen = form[patch.rows]
        hardness, opacity, laid = chosen[:, _LOOK].unbind(1)
        distance = _distance(chosen, patch, law)
        if not dabs.grouped:
            opacity = opacity * laid
        taken = torch.log1p(-faded(distance, hardness, opacity, MOST_OPAQUE))
        if dabs.grouped:
            taken = taken * laid[:, None, None]
        if patch.small is not None and not taken.requires_grad and patch.width * patch.height >= _LEAST_SLICED:
            _add_slices(density.view(count, raster.height, raster.width), dabs.stroke[patch.rows], patch, taken)
            continue
        first = (dabs.stroke[patch.rows] * raster.height + patch.top) * raster.width + patch.left
        lines, columns = (torch.arange(side, device=form.device) for side in (patch.height, patch.width))
        cells.append((first[:, None] + (lines[:, None] * raster.width + columns).flatten()).flatten())
        added.append(taken.flatten())
    if cells:
        density = density.index_add(0, torch.cat(cells), torch.cat(added), alpha=-1.0)
    elif dabs.opacity.requires_grad:
        # Strokes without ink have a gradient too: none.
        density = density + 0.0 * dabs.opacity.sum()
    return density.view(count, raster.height, raster.width)


def _add_slices(density: Tensor, strokes: Tensor, patch: Patches, taken: Tensor) -> None:
    """Subtract what dabs let through, as logarithms (K, h, w), from the densities of their strokes (N, H, W)."""
    places = zip(strokes.tolist(), patch.top.tolist(), patch.left.tolist(), taken, strict=True)
    for stroke, top, left, values in places:
        density[stroke, top : top + patch.height, left : left + patch.width] -= values


@torch.no_grad()
def cover(dabs: Dabs, patches: Iterable[Patches], raster: Raster, law: BrushLaw) -> Tensor:
    """Coverage (H, W) of the dabs of one stroke, without gradients.

    What large dabs let through is multiplied where they lie: logarithms would take as long as all the rest.
    """
    kinds = [(patch.width * patch.height >= _LEAST_SLICED and not dabs.grouped, patch) for patch in patches]
    density = lay(dabs, [patch for is_large, patch in kinds if not is_large], 1, raster, law)[0]
    through = density.neg_().exp_()
    form = _form(dabs)
    for patch in [patch for is_large, patch in kinds if is_large]:
        chosen = form[patch.rows]
        hardness, opacity, laid = chosen[:, _LOOK].unbind(1)
        inks = fade(_distance(chosen, patch, law), hardness, (opacity * laid).clamp(max=MOST_OPAQUE))
        for top, left, ink in zip(patch.top.tolist(), patch.left.tolist(), inks, strict=True):
            part = through[top : top + patch.height, left : left + patch.width]
            part.addcmul_(part, ink, value=-1.0)
    return through.neg_().add_(1.0)


def _form(dabs: Dabs) -> Tensor:
    """(M, 8): x, y, radius, ratio and angle of each dab, and how it looks: see ``_LOOK``."""
    return torch.stack([*dabs.place, dabs.radius, dabs.ratio, dabs.angle, dabs.hardness, dabs.opacity, dabs.laid], 1)


_LOOK = slice(5, 8)
"""Columns of ``_form``: hardness, opacity, and how many dabs it stands for."""


def _distance(form: Tensor, patch: Patches, law: BrushLaw) -> Tensor:
    """Squared distance (K, h, w) of a patch's pixels from dabs, by the simplest formula that the brush allows."""
    x, y, radius, ratio, angle = form[:, : _LOOK.start].unbind(1)
    across = torch.arange(patch.width, device=form.device).to(form) + 0.5 + (patch.left - x)[:, None]
    down = torch.arange(patch.height, device=form.device).to(form) + 0.5 + (patch.top - y)[:, None]

    def of(small: bool) -> Tensor:
        if law.upright or (law.round and not small):
            return round_distance(across, down, radius, small)
        return ellipse_distance(across, down, radius, (ratio, angle.cos(), angle.sin()), small)

    if patch.small is not None:
        return of(patch.small)
    return torch.where((radius < SMALL)[:, None, None], of(True), of(False))


@torch.no_grad()
def find_patches(dabs: Dabs, law: BrushLaw, raster: Raster) -> Iterator[Patches]:
    """Rectangles that hold each dab that can be seen, few sizes of them: the host asks."""
    (x, y), radius = dabs.place, dabs.radius
    wide, high = _extent(dabs, law)
    left, top = (x - wide).ceil().long().clamp(min=0), (y - high).ceil().long().clamp(min=0)
    right = (x + wide).floor().long().clamp(max=raster.width)
    bottom = (y + high).floor().long().clamp(max=raster.height)
    seen = (right > left) & (bottom > top) & (dabs.opacity > _FAINTEST) & (dabs.laid > 0)
    seen &= (dabs.hardness > 0) & (radius >= _LEAST_RADIUS)
    kinds = (torch.maximum(right - left, bottom - top) + 1) // 2 * 2 + (radius < SMALL)
    order = torch.where(seen, kinds, 0).argsort()
    found, numbers = torch.where(seen, kinds, 0)[order].unique_consecutive(return_counts=True)
    for kind, rows in zip(found.tolist(), order.split(numbers.tolist()), strict=True):
        extent, small = kind // 2 * 2, bool(kind % 2)
        width, height = min(extent, raster.width), min(extent, raster.height)
        for part in rows.split(max(1, _PIXELS // max(1, width * height))) if kind else ():
            yield Patches(
                part,
                left[part].clamp(max=raster.width - width),
                top[part].clamp(max=raster.height - height),
                width,
                height,
                small,
            )


def all_patches(dabs: Dabs, each: int, law: BrushLaw, raster: Raster) -> Iterator[Patches]:
    """Rectangles as large as the brush's largest dab for all dabs, ``each`` of every stroke: nobody asks."""
    reach = LARGEST_RADIUS * law.largest
    # Anti-aliasing widens a dab by half of its fade.
    pixels = reach / raster.step + law["anti_aliasing"].level / 2
    extent = math.ceil(2 * min(pixels, raster.width + raster.height)) + 3
    width, height = min(extent, raster.width), min(extent, raster.height)
    wide, high = (values.detach() for values in _extent(dabs, law))
    (x, y) = dabs.place.detach()
    left = (x - wide).ceil().clamp(0, raster.width - width).long()
    top = (y - high).ceil().clamp(0, raster.height - height).long()
    rows = torch.arange(len(dabs.stroke), device=x.device).view(-1, each)
    for part in rows.split(_DABS, 1):
        chosen = part.flatten()
        yield Patches(chosen, left[chosen], top[chosen], width, height, None)


def dab_boxes(dabs: Dabs, law: BrushLaw, raster: Raster) -> list[list[int]]:
    """First column and row, and those after the last, of the pixels that each stroke's dabs may touch, by stroke."""
    wide, high = _extent(dabs, law)
    x, y = dabs.place
    seen = (dabs.opacity > _FAINTEST) & (dabs.laid > 0)
    count = int(dabs.stroke.max()) + 1 if len(dabs.stroke) else 0
    sides = ((x - wide, "amin"), (y - high, "amin"), (x + wide, "amax"), (y + high, "amax"))
    limits = raster.width, raster.height
    boxes = []
    for number, (side, how) in enumerate(sides):
        limit = limits[number % 2]
        rounded = side.ceil() if how == "amin" else side.floor()
        pixels = rounded.clamp(0, limit).masked_fill(~seen, limit if how == "amin" else 0)
        start = pixels.new_full((count,), limit if how == "amin" else 0)
        boxes.append(start.scatter_reduce(0, dabs.stroke, pixels, how))
    return torch.stack(boxes, 1).long().tolist()


def _extent(dabs: Dabs, law: BrushLaw) -> tuple[Tensor, Tensor]:
    """(M,) how far from a dab's middle the middles of pixels lie that it may touch, along x and y."""
    radius = dabs.radius.detach()
    beyond = 0.5 + 0.5 * (radius < SMALL)
    if law.round:
        return radius + beyond, radius + beyond
    short, cos, sin = radius / dabs.ratio.detach(), dabs.angle.detach().cos(), dabs.angle.detach().sin()
    wide = ((radius * cos).square() + (short * sin).square()).sqrt()
    high = ((radius * sin).square() + (short * cos).square()).sqrt()
    return wide + beyond, high + beyond
