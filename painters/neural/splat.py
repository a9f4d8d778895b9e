"""The GAN painter: a generator that splats learned dabs along MyPaint's path, and the critic that judges it.

A plain generator gets noise and invents texture. The real brush's noise is known (``libmypaint.brush_noise``), so this
generator gets that very noise, and what it learns is what a dab, or a group of dabs, leaves on the paper.
"""

import math
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..modes import is_transformed, product
from ..painter import Painter
from ..raster import WHOLE, Raster
from ..stroke import CANVAS_SIZE
from . import one
from .coverage import cover, widening
from .dabs import Path, Pen, noise_sums, place_dabs, single_dabs
from .profiles import gaussian_profiles, in_powers_of_two

NOISE_LENGTH = 1664
"""More dabs than the longest, thinnest stroke has."""

_GAUSSIANS = 2
"""A dab: a narrow Gaussian and a wide one, for the two pieces of MyPaint's mask."""
_BATCH_GROUPS = 16_384
"""Groups of dabs that are formed at once on a CPU, and"""
_PROFILES = 1 << 18
"""numbers in their profiles that are made at once there: larger arrays leave its caches."""
_TOGETHER = 640
"""Dabs whose profiles across and down are made in one array: one of more leaves the caches, and 5 % of the time."""
_LEAST_DENSITY = 1e-9
"""Optical density of a dab that left nothing: keeps logarithms finite."""
LEAST_REDUCED = 32
"""Pixels: side of the smallest canvas that is drawn as such. Smaller ones are that, scaled down: pixels as large as
dabs would be off by 34 dB and less."""
_LARGEST_LOG_RADIUS = 2.0
"""ln of the largest radius in pixels that training knew: 2 * size, for sizes up to 1."""


class SplatPainter(Painter):
    """Curve splatting: every dab adds two separable Gaussians of optical density, whose form a small network gives.

    Dabs that overlap multiply what they let through, 1 - coverage = prod(1 - opacity * mask), so their optical
    densities -ln(1 - opacity * mask) add up. MyPaint's mask is linear in the squared distance in two pieces, which
    a narrow and a wide Gaussian follow closely. A sum of separable Gaussians is one matrix product.

    Args:
        groups: at most this many groups of dabs a stroke; only longer strokes are simplified.
        hidden: width of the network that gives a dab its form.
    """

    architecture = "splat"
    noise_sums: Tensor
    singles: Tensor
    positions: Tensor

    def __init__(self, groups: int = 640, hidden: int = 16) -> None:
        super().__init__()
        self.groups = groups
        # Inputs: opacity, ln(radius), size of the group. Outputs for each Gaussian: ln(weight), ln(width / radius);
        # then ln of how much of a group's own spread to believe.
        last = nn.Linear(hidden, 2 * _GAUSSIANS + 1)
        self.dab = nn.Sequential(nn.Linear(3, hidden), nn.SiLU(), last)
        # A start close to MyPaint's mask for hardness 0.2.
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.copy_(torch.tensor([0.0, -1.25, math.log(0.22), math.log(0.44), 0.0]))
        # Inputs: ln(radius) and the size of the stroke's groups. Output: how far to sharpen the stroke's coverage.
        sharpen = nn.Linear(hidden, 1)
        self.sharpen = nn.Sequential(nn.Linear(2, hidden), nn.SiLU(), sharpen)
        nn.init.zeros_(sharpen.weight)
        nn.init.zeros_(sharpen.bias)
        self.register_buffer("noise_sums", torch.zeros(NOISE_LENGTH + 1, 5))
        self.register_buffer("singles", single_dabs(self.noise_sums), persistent=False)
        self.register_load_state_dict_post_hook(_look_up_singles)  # type: ignore[no-untyped-call]
        self.register_buffer("positions", WHOLE.columns(), persistent=False)
        self.pen = Pen()

    def set_noise(self, noise: Tensor) -> None:
        """Give the generator its brush's noise, (1664, 3); it is stored with the weights."""
        self.noise_sums.copy_(noise_sums(noise))
        _look_up_singles(self)

    def _weight(self) -> Tensor:
        return self.positions

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        return self._coverage(strokes, self.positions, self.positions, 0.0)

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster: the dabs have no resolution.

        On a finer raster a dab is formed as a larger one is on the 64x64 canvas: what sets small dabs apart are pixels.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        columns, rows = (centers(self.positions.device).to(self.positions) for centers in (raster.columns, raster.rows))
        return self._compute(strokes, lambda checked: self._coverage(checked, columns, rows, -math.log(raster.step)))

    def reduced(self, strokes: Tensor, side: int) -> Tensor:
        """See ``Painter``: drawn as small as that, 40 dB from the 64x64 canvas scaled down.

        Dabs are widened by the pixel, which scales down their density. What is to be scaled down is what they let
        through: see ``coverage``.
        """
        side = max(side, LEAST_REDUCED)
        step = CANVAS_SIZE / side
        places = Raster(0.0, 0.0, step, side, side).columns(self.positions.device).to(self.positions)
        return self._compute(strokes, lambda checked: self._coverage(checked, places, places, 0.0, step))

    def _coverage(self, strokes: Tensor, columns: Tensor, rows: Tensor, zoom: float, step: float = 1.0) -> Tensor:
        """Coverage (N, 1, H, W) where columns (W,) and rows (H,) cross, in pixels of the 64x64 canvas."""
        if not self.may_ask(strokes):
            # Nobody knows how many dabs there are: room for as many groups as there may be.
            return self._paint(self.pen(strokes), None, columns, rows, zoom, step)
        if not len(strokes):
            return strokes.new_zeros(0, 1, len(rows), len(columns))
        if torch.is_grad_enabled() or is_transformed(strokes):
            painted = self._paint_known(strokes, columns, rows, zoom, step)
            return torch.cat(painted) if len(painted) > 1 else painted[0]
        if len(strokes) == 1 and strokes.dtype == torch.float32 and strokes.is_cpu:
            return self._paint_one(strokes, columns, rows, zoom, step)
        # Nobody follows what is made of them: in this mode torch starts the operations of six strokes 8 % sooner.
        with torch.inference_mode():
            painted = self._paint_known(strokes, columns, rows, zoom, step)
        return torch.cat(painted)

    def _paint_known(self, strokes: Tensor, columns: Tensor, rows: Tensor, zoom: float, step: float) -> list[Tensor]:
        """Coverage (N, 1, H, W) in parts, of strokes whose dabs may be counted."""
        path = self.pen(strokes)
        counts = self._count(path.total.tolist())
        batches = _split(counts, _BATCH_GROUPS)
        paths = path.split([len(batch) for batch in batches]) if len(batches) > 1 else [path]
        return [self._paint(*pair, columns, rows, zoom, step) for pair in zip(paths, batches, strict=True)]

    def _count(self, dabs: list[float]) -> list[int]:
        """Groups that strokes of so many dabs need."""
        return [min(self.groups, max(1, math.ceil(number))) for number in dabs]

    def _paint(
        self, path: Path, counts: list[int] | None, columns: Tensor, rows: Tensor, zoom: float, step: float
    ) -> Tensor:
        """Coverage (N, 1, H, W) of strokes of so many groups of dabs each, or of as many as there may be."""
        density = self._draw(self._form(path, counts, zoom, widening(step)), counts, columns, rows)
        grouping = _grouping((path.total / self.groups).clamp(min=1.0))
        return cover(density, self.sharpen(torch.stack([_zoomed(path.mean_log_radius, zoom), grouping], 1)), step)

    @np.errstate(all="ignore")
    def _paint_one(self, stroke: Tensor, columns: Tensor, rows: Tensor, zoom: float, step: float) -> Tensor:
        """Coverage (1, 1, H, W) of one stroke."""
        path = one.follow(stroke)
        dabs, size = one.place_dabs(path, self.groups, self.noise_sums, self.singles)
        opacity, radius, mean_radius = dabs.opacity, _zoomed(dabs.log_radius, zoom), _zoomed(path.mean_log_radius, zoom)
        if size == 1:
            form, amount = one.respond(self.dab, opacity, radius), one.respond(self.sharpen, mean_radius)
        else:
            grouping = np.full_like(radius, min((size - 1) * 0.25, 2.0))
            form = one.respond(self.dab, opacity, radius, grouping)
            amount = one.respond(self.sharpen, mean_radius, grouping[:1])
        variances, log_height = one.spread(dabs, form, widening(step), _LEAST_DENSITY)
        across, down = one.touched(dabs.place, variances, columns, rows)
        density = one.density(dabs.place, variances, log_height, columns[across], rows[down])
        part = one.sharpened(density, amount, step)
        if density.shape == (len(rows), len(columns)):
            return part
        coverage = part.new_zeros(1, 1, len(rows), len(columns))
        coverage[..., down, across] = part
        return coverage

    def _form(self, path: Path, counts: list[int] | None, zoom: float, widening: float = 0.0) -> "_Gaussians":
        """What the dabs of paths leave on the paper, their variances widened by so many square pixels."""
        dabs = place_dabs(path, self.noise_sums, self.groups, counts, None if counts is None else self.singles)
        grouping = _grouping(dabs.size).index_select(0, dabs.stroke)
        form = self.dab(torch.stack([dabs.opacity, _zoomed(dabs.log_radius, zoom), grouping], -1)).T.contiguous()
        density = -torch.log1p(-dabs.opacity) * dabs.laid
        variance = torch.exp(2 * (dabs.log_radius + form[_GAUSSIANS : 2 * _GAUSSIANS]))
        variances = variance + (form[-1].exp() * dabs.variance)[:, None] + widening
        spread = density * variance * torch.rsqrt(variances[0] * variances[1])
        log_height = form[:_GAUSSIANS] + torch.log(spread.clamp(min=_LEAST_DENSITY))
        curvature, height = in_powers_of_two(variances, log_height)
        return _Gaussians(dabs.place, curvature, torch.stack([torch.zeros_like(height), height]))

    def _draw(self, dabs: "_Gaussians", counts: list[int] | None, columns: Tensor, rows: Tensor) -> Tensor:
        """Optical density (N, H, W) of the dabs of strokes, ``counts`` each, or as many for each."""
        if counts is None:
            across, down = (
                profiles.unflatten(2, (-1, self.groups)).permute(2, 0, 3, 1).flatten(1, 2)
                for profiles in dabs.profiles(columns, rows)
            )
            return product(down.mT, across)
        drawn = []
        batches = _split(counts, max(1, _PROFILES // (len(columns) + len(rows))))
        for batch, strokes in zip(dabs.split([sum(batch) for batch in batches]), batches, strict=True):
            across, down = batch.profiles(columns, rows)
            for x, y in zip(across.split(strokes, 2), down.split(strokes, 2), strict=True):
                drawn.append(sum_of_products(y, x))
        return torch.stack(drawn) if len(drawn) > 1 else drawn[0][None]


def _look_up_singles(painter: SplatPainter, _: object = None) -> None:
    painter.singles = single_dabs(painter.noise_sums)


class _Gaussians(NamedTuple):
    """M dabs, each a sum of G separable Gaussians of optical density."""

    place: Tensor
    """(2, M) x and y in pixels."""
    curvature: Tensor
    """(2, G, M) of x and y, as ``gaussian_profiles`` takes it."""
    height: Tensor
    """(2, G, M) likewise: 0 of x, all of it of y."""

    def split(self, counts: list[int]) -> list["_Gaussians"]:
        """So many of them, the next so many, and so on."""
        if len(counts) == 1:
            return [self]
        return [_Gaussians(*parts) for parts in zip(*(part.split(counts, -1) for part in self), strict=True)]

    def profiles(self, columns: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Their profiles across (G, W, M) and down (G, H, M), whose products they are."""
        if columns is not rows or self.place.shape[1] > _TOGETHER:
            across, down = map(gaussian_profiles, self.place, self.curvature, self.height, (columns, rows))
        else:
            across, down = gaussian_profiles(*self, columns)
        return across, down


def sum_of_products(down: Tensor, across: Tensor) -> Tensor:
    """(H, W): the sum over dabs and Gaussians of products of profiles (G, H, M) and (G, W, M)."""
    return product(down, across.mT).sum(0)


def _split(counts: list[int], most: int) -> list[list[int]]:
    """Counts in their order, in parts that add up to at most ``most``, or are one count."""
    parts: list[list[int]] = []
    room = 0
    for count in counts:
        if count > room:
            parts.append([])
            room = max(most, count)
        parts[-1].append(count)
        room -= count
    return parts


_Array = TypeVar("_Array", Tensor, NDArray[np.float32])


def _grouping(size: Tensor) -> Tensor:
    """How the networks are told of dabs in a group (N,), 1 or more: 0 for a single dab, at most 2."""
    return ((size - 1) * 0.25).clamp(max=2.0)


def _zoomed(log_radius: _Array, zoom: float) -> _Array:
    """How large, in ln(pixels), a dab looks on a finer raster, as far as training knew dabs."""
    return log_radius + (_LARGEST_LOG_RADIUS - log_radius).clip(0.0, zoom) if zoom else log_radius
