"""A painter without weights: quick, smooth, and different for every stroke."""

import torch
from paintgym.painters import stroke as layout
from torch import Tensor


class SoftPainter:
    """Soft round dabs along the Bezier: a painter without weights."""

    name = "soft"

    def __call__(self, strokes: Tensor) -> Tensor:
        start, control, end = (strokes[:, None, part] * 64 for part in (layout.START, layout.CONTROL, layout.END))
        t = torch.linspace(0, 1, 24)[:, None]
        points = layout.bezier_point(start, layout.bezier_control(start, control, end), end, t)
        width = torch.exp(2 * strokes[:, layout.SIZE, None, None]) * 0.6
        pressure = strokes[:, [layout.ENTRY_PRESSURE, layout.END_PRESSURE]].mean(1)[:, None, None]
        profile = torch.exp(-0.5 * ((torch.arange(64) + 0.5 - points[..., None]) / width[..., None]) ** 2)
        density = torch.einsum("nty,ntx->nyx", profile[..., 1, :], profile[..., 0, :])
        return -torch.expm1(-0.5 * pressure * density)[:, None]
