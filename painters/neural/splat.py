"""The GAN painter: a generator that splats learned dabs along MyPaint's path, and the critic that judges it.

A plain generator gets noise and invents texture. The real brush's noise is known (``libmypaint.brush_noise``), so this
generator gets that very noise, and what it learns is what a dab, or a group of dabs, leaves on the paper.
"""

import math

import torch
from torch import Tensor, nn

from ..modes import has_value
from ..painter import Painter
from ..raster import WHOLE, Raster
from ..stroke import CANVAS_SIZE
from .dabs import Dabs, noise_sums, place_dabs, speed_filter, trace_path
from .profiles import gaussian_profiles

NOISE_LENGTH = 1664
"""More dabs than the longest, thinnest stroke has."""

_GAUSSIANS = 2
"""A dab: a narrow Gaussian and a wide one, for the two pieces of MyPaint's mask."""
_SORTED_PARTS = 6
"""Parts of a batch, by the length of strokes: each is as long as its longest stroke needs."""
_GROUP_STEP = 32
"""Groups of dabs that a part is rounded up to."""
_CENTER = CANVAS_SIZE / 2
"""Positions are measured from here, in pixels: squares of them are smallest so, and float32 keeps more of them."""
_LEAST_DENSITY = 1e-9
"""Optical density of a dab that left nothing: keeps logarithms finite."""
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
    speed_filter: Tensor
    basis: Tensor

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
        self.register_buffer("speed_filter", speed_filter(), persistent=False)
        self.register_buffer("basis", _basis(WHOLE.columns()), persistent=False)

    def set_noise(self, noise: Tensor) -> None:
        """Give the generator its brush's noise, (1664, 3); it is stored with the weights."""
        self.noise_sums.copy_(noise_sums(noise))

    def _weight(self) -> Tensor:
        return self.basis

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        return -torch.expm1(-self._density(strokes, self.basis, self.basis, 0.0))

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster: the dabs have no resolution.

        On a finer raster a dab is formed as a larger one is on the 64x64 canvas: what sets small dabs apart are pixels.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        columns, rows = (_basis(centers).to(self.basis) for centers in (raster.columns(), raster.rows()))
        return self._compute(
            strokes, lambda checked: -torch.expm1(-self._density(checked, columns, rows, -math.log(raster.step)))
        )

    def _density(self, strokes: Tensor, columns: Tensor, rows: Tensor, zoom: float) -> Tensor:
        """Optical density (N, 1, H, W) where columns (3, W) and rows (3, H) cross."""
        path = trace_path(strokes, self.speed_filter)
        if not has_value(strokes):
            # Inside torch.func.vmap nobody knows how many dabs there are: as many groups as there may be.
            dabs = place_dabs(path, self.noise_sums, self.groups)
            return self._splat(dabs, path.mean_log_radius, columns, rows, zoom)[:, None]
        # Short strokes have few dabs: strokes of like length share a batch that is no longer than they need.
        longest_first = path.dabs[:, -1].detach().argsort(descending=True)
        parts = []
        for chosen in longest_first.chunk(_SORTED_PARTS):
            if len(chosen):
                most_dabs = path.dabs[chosen[0], -1].item()
                groups = min(self.groups, max(1, math.ceil(most_dabs / _GROUP_STEP)) * _GROUP_STEP)
                part = path.select(chosen)
                dabs = place_dabs(part, self.noise_sums, groups)
                parts.append(self._splat(dabs, part.mean_log_radius, columns, rows, zoom))
        if not parts:
            return strokes.new_zeros(0, 1, rows.shape[1], columns.shape[1])
        return torch.cat(parts)[longest_first.argsort()][:, None]

    def _splat(self, dabs: Dabs, log_radius: Tensor, columns: Tensor, rows: Tensor, zoom: float) -> Tensor:
        """Optical density (N, H, W) of dabs (N, M) of strokes with ln(mean radius) (N, 1)."""
        grouping = ((dabs.size - 1) * 0.25).clamp(max=2.0)
        seen = torch.stack([dabs.opacity, _zoomed(dabs.log_radius, zoom), grouping.expand_as(dabs.opacity)], -1)
        form = self.dab(seen).unbind(-1)
        density = -torch.log1p(-dabs.opacity) * dabs.laid
        believed = form[-1].exp()
        variances_x, variances_y, log_heights = [], [], []
        for log_weight, log_width in zip(form[:_GAUSSIANS], form[_GAUSSIANS : 2 * _GAUSSIANS], strict=True):
            variance = torch.exp(2 * (dabs.log_radius + log_width))
            variance_x = variance + believed * dabs.variance_x
            variance_y = variance + believed * dabs.variance_y
            spread = density * variance * torch.rsqrt(variance_x * variance_y)
            variances_x.append(variance_x)
            variances_y.append(variance_y)
            log_heights.append(log_weight + torch.log(spread.clamp(min=_LEAST_DENSITY)))
        log_height = torch.cat(log_heights, 1)
        across = torch.cat([dabs.x - _CENTER] * _GAUSSIANS, 1)
        down = torch.cat([dabs.y - _CENTER] * _GAUSSIANS, 1)
        profile_x = gaussian_profiles(across, torch.cat(variances_x, 1), torch.zeros_like(log_height), columns)
        profile_y = gaussian_profiles(down, torch.cat(variances_y, 1), log_height, rows)
        total = profile_y.transpose(1, 2) @ profile_x
        # MyPaint's mask has an edge where its two pieces meet, and Gaussians have none.
        amount = self.sharpen(torch.cat([_zoomed(log_radius, zoom), grouping], 1))
        return torch.relu(total - amount[..., None] * _laplacian(total))


def _basis(centers: Tensor) -> Tensor:
    """(3, P): 1, p, p^2 of positions (P,) about the center of the canvas."""
    offset = centers - _CENTER
    return torch.stack([torch.ones_like(offset), offset, offset.square()])


def _zoomed(log_radius: Tensor, zoom: float) -> Tensor:
    """How large, in ln(pixels), a dab looks on a finer raster, as far as training knew dabs."""
    return (log_radius + zoom).minimum(log_radius.clamp(min=_LARGEST_LOG_RADIUS)) if zoom else log_radius


def _laplacian(density: Tensor) -> Tensor:
    """The five-point Laplacian of (N, H, W); at the border only the differences that there are."""
    down, right = density.diff(dim=1), density.diff(dim=2)
    vertical = nn.functional.pad(down, (0, 0, 0, 1)) - nn.functional.pad(down, (0, 0, 1, 0))
    return vertical + nn.functional.pad(right, (0, 1)) - nn.functional.pad(right, (1, 0))
