"""Paint on paper: compositing stacks of strokes, batched and differentiable. The look of a stroke is the painter's.

A stroke of coverage a and color c turns the canvas x into x (1 - a) + a c. For a stack of T strokes

    canvas_T = canvas_0 * k_1 ... k_T + sum_t a_t * above_t * c_t,   k_t = 1 - a_t,
    above_t = k_{t+1} ... k_T

with k the transmittance of a stroke and ``above`` that of the strokes on top of it, so that the painter is called once
and the colors enter by one matrix product. Nothing divides: opaque strokes (k = 0), empty ones and white on white are
ordinary values, forward and backward.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import InvalidInputError
from .modes import full_precision, is_transformed, product, rounds_factors
from .painter import Painter, StrokeFunction
from .stroke import CANVAS_SIZE, COLOR, STROKE_LENGTH


def white_canvas(
    batch: int, size: int, *, device: torch.device | str | None = None, dtype: torch.dtype = torch.float32
) -> Tensor:
    """White paper: (batch, 3, size, size) of ones.

    Examples:
        >>> white_canvas(2, 64).shape
        torch.Size([2, 3, 64, 64])
    """
    return torch.ones(batch, 3, size, size, device=device, dtype=dtype)


def paint_strokes(canvas: Tensor, strokes: Tensor, painter: Painter | StrokeFunction) -> Tensor:
    """Paint strokes on canvases with one call of the painter; later strokes lie on top.

    Args:
        canvas: (B, 3, H, W) in [0, 1].
        strokes: (B, T, 12) in [0, 1], T >= 0; the unit square is the whole canvas.
        painter: strokes (N, 12) to coverage (N, 1, h, w). Where h, w differ from H, W the coverage is resized
            bilinearly, and brought to the canvas's data type; for square canvases below 64 a painter may draw as much
            smaller, and save time (``Painter.reduced``).

    Returns:
        (B, 3, H, W) in [0, 1] of the canvas's data type; gradients reach the canvas and the strokes.

    Raises:
        InvalidInputError: shapes that do not fit.

    Examples:
        >>> from paintgym.painters.registry import load_painter
        >>> strokes = torch.full((1, 1, 12), 0.5)
        >>> strokes[..., 4:6], strokes[..., 9:11] = 0.9, 0.1  # from the upper left to the lower right
        >>> strokes.requires_grad_()[0, 0, 6].item()  # half as red as can be
        0.5
        >>> canvas = paint_strokes(white_canvas(1, 64), strokes, load_painter("gan"))
        >>> canvas.mean().backward()
        >>> bool(strokes.grad[0, 0, 6] > 0)  # more red makes the white paper lighter
        True
    """
    _check_canvas(canvas)
    batch, height, width = canvas.shape[0], canvas.shape[2], canvas.shape[3]
    if strokes.ndim != 3 or strokes.shape[0] != batch or strokes.shape[2] != STROKE_LENGTH:
        raise InvalidInputError(
            f"strokes have shape {tuple(strokes.shape)}, expected (B, T, {STROKE_LENGTH}) with B = {batch} as in the "
            "canvas; add the missing batch dimension with strokes[None], or expand the canvas"
        )
    if strokes.shape[1] == 0:
        return canvas
    flat = strokes.flatten(0, 1)
    if isinstance(painter, Painter) and height == width < CANVAS_SIZE:
        coverage = painter.reduced(flat, height).to(canvas.dtype)
    else:
        coverage = painter(flat).to(canvas.dtype)
    if coverage.shape[2:] != (height, width):
        shrinks = coverage.shape[2] > height or coverage.shape[3] > width
        coverage = functional.interpolate(coverage, (height, width), mode="bilinear", antialias=shrinks)
    return composite(
        canvas, coverage.reshape(*strokes.shape[:2], *coverage.shape[1:]), strokes[..., COLOR].to(canvas.dtype)
    )


def composite(canvas: Tensor, coverage: Tensor, color: Tensor) -> Tensor:
    """Composite T strokes over each canvas, the last on top.

    Args:
        canvas: (B, 3, H, W) in [0, 1].
        coverage: (B, T, 1, H, W) in [0, 1], T >= 0.
        color: (B, T, 3) in [0, 1].

    Returns:
        (B, 3, H, W) in [0, 1]; gradients of any order reach all three arguments, by ``torch.func`` too.

    Raises:
        InvalidInputError: shapes that do not fit, or different data types.

    Examples:
        >>> half_covered = torch.full((1, 1, 1, 2, 2), 0.5)
        >>> composite(white_canvas(1, 2), half_covered, torch.tensor([[[1.0, 0.0, 0.0]]]))[0, :, 0, 0]
        tensor([1.0000, 0.5000, 0.5000])
    """
    _check_canvas(canvas)
    batch, height, width = canvas.shape[0], canvas.shape[2], canvas.shape[3]
    if coverage.ndim != 5 or coverage.shape != (batch, coverage.shape[1], 1, height, width):
        raise InvalidInputError(
            f"coverage has shape {tuple(coverage.shape)}, expected (B, T, 1, H, W) = "
            f"({batch}, T, 1, {height}, {width}) as the canvas has it; reshape or resize the painter's output"
        )
    if color.shape != (batch, coverage.shape[1], 3):
        raise InvalidInputError(
            f"color has shape {tuple(color.shape)}, expected (B, T, 3) = ({batch}, {coverage.shape[1]}, 3): "
            "one color a stroke; pass strokes[..., 6:9]"
        )
    if not canvas.dtype == coverage.dtype == color.dtype:
        raise InvalidInputError(
            f"canvas, coverage and color are {canvas.dtype}, {coverage.dtype} and {color.dtype}, expected one data "
            "type; convert them with .to(canvas.dtype)"
        )
    if coverage.shape[1] == 0:
        return canvas
    if torch.compiler.is_compiling():
        # torch.compile differentiates and fuses the blend as it is written down, and cannot look into _Composite.
        for covered, own in zip(coverage.unbind(1), color[..., None, None].unbind(1), strict=True):
            canvas = canvas + covered * (own - canvas)
        return canvas
    inputs = canvas.flatten(2), coverage.flatten(2), color
    follow = torch.is_grad_enabled() or is_transformed(*inputs)
    with full_precision(canvas.device):
        painted: Tensor = (_Composite.apply if follow else composite_forward)(*inputs)[0]
    return painted.view(canvas.shape)


def _check_canvas(canvas: Tensor) -> None:
    if canvas.ndim != 4 or canvas.shape[1] != 3:
        raise InvalidInputError(
            f"canvas has shape {tuple(canvas.shape)}, expected (B, 3, H, W); make one with white_canvas(batch, size)"
        )


class _Composite(torch.autograd.Function):
    """``composite_forward`` and its gradients for autograd.

    Autograd through ``flip`` and ``cumprod`` is exact but takes 40 ms where this takes 5 (T = 200, 64x64, one
    CPU thread; eight times more with opaque strokes): it walks a dozen (B, T, P) copies.
    """

    @staticmethod
    def forward(canvas: Tensor, coverage: Tensor, color: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return composite_forward(canvas, coverage, color)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:
        _, above, whole = output
        ctx.mark_non_differentiable(above, whole)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs, above, whole)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
        """See ``composite_backward``; only what is asked for is computed."""
        if grad is None:
            return None, None, None
        canvas, coverage, color, above, whole = ctx.saved_tensors
        with full_precision(grad.device):
            if torch.is_grad_enabled():
                # Somebody differentiates again. What was saved of the first pass has no history: it is computed anew.
                return _differentiable_backward(grad, canvas, coverage, color)
            needs = ctx.needs_input_grad
            canvas_grad = grad * whole[:, None] if needs[0] else None
            coverage_grad = composite_backward(grad, canvas, coverage, color, above) if needs[1] else None
            color_grad = product(coverage * above, grad.mT) if needs[2] else None
        return canvas_grad, coverage_grad, color_grad

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> tuple[Tensor, None, None]:
        """The tangent of the canvas, stroke by stroke: forward mode is for few numbers."""
        canvas, coverage, color = ctx.saved_tensors
        canvas_tangent, coverage_tangent, color_tangent = (
            torch.zeros_like(values) if tangent is None else tangent
            for tangent, values in zip(tangents, ctx.saved_tensors, strict=True)
        )
        for t in range(coverage.shape[1]):
            covered, own = coverage[:, t, None], color[:, t, :, None]
            canvas_tangent = canvas_tangent * (1 - covered) + coverage_tangent[:, t, None] * (own - canvas)
            canvas_tangent = canvas_tangent + covered * color_tangent[:, t, :, None]
            canvas = canvas + covered * (own - canvas)
        return canvas_tangent, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Tensor) -> tuple[Any, tuple[int, int, int]]:
        """One batch of all batches."""
        size = info.batch_size
        moved = [
            values.expand(size, *values.shape) if dim is None else values.movedim(dim, 0)
            for values, dim in zip(inputs, in_dims, strict=True)
        ]
        outputs = _Composite.apply(*(values.flatten(0, 1) for values in moved))
        return tuple(values.unflatten(0, (size, -1)) for values in outputs), (0, 0, 0)


def composite_forward(canvas: Tensor, coverage: Tensor, color: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What ``composite`` computes, and what its gradients need; nothing is checked, nothing is kept for autograd.

    The two running recurrences here and in ``composite_backward`` touch each number once, slice by slice, and nothing
    of the size (B, T, 3, P) is ever made.

    Args:
        canvas: (B, 3, P) in [0, 1], P pixels.
        coverage: (B, T, P) in [0, 1], T >= 1.
        color: (B, T, 3) in [0, 1].

    Returns:
        The painted canvas (B, 3, P); the transmittance of the strokes above each, (B, T, P); and that of the whole
        stack, (B, P).
    """
    transmittance = 1 - coverage
    above = torch.empty_like(coverage)
    above_slices, slices = above.unbind(1), transmittance.unbind(1)
    above_slices[-1].fill_(1)
    for t in range(len(above_slices) - 1, 0, -1):
        torch.mul(above_slices[t], slices[t], out=above_slices[t - 1])
    whole = above_slices[0] * slices[0]
    weight = torch.mul(coverage, above, out=transmittance)
    below = canvas * whole[:, None]
    if coverage.shape[1] == 1:
        # Some processors multiply one row otherwise than several: rows of a batch would differ in the last digit.
        return torch.addcmul(below, color.mT, weight), above, whole
    painted = below + product(color.mT, weight) if rounds_factors(weight) else torch.baddbmm(below, color.mT, weight)
    return painted, above, whole


def composite_backward(grad: Tensor, canvas: Tensor, coverage: Tensor, color: Tensor, above: Tensor) -> Tensor:
    """The chain rule, with the gradient contracted over the three channels first.

    d/da_t = above_t * <grad, c_t - canvas_{t-1}>. The field below_t = <grad, canvas_{t-1}> follows the blend itself,
    below_{t+1} = below_t (1 - a_t) + a_t <grad, c_t>, hence no division by 1 - a_t.

    Args:
        grad: (B, 3, P) gradient to the painted canvas.
        canvas: (B, 3, P), coverage: (B, T, P), color: (B, T, 3): what ``composite_forward`` was given.
        above: (B, T, P) as ``composite_forward`` returned it.

    Returns:
        (B, T, P) gradient to the coverage.
    """
    pull = product(color, grad)
    below = torch.empty_like(pull)
    below_slices, pull_slices, coverage_slices = below.unbind(1), pull.unbind(1), coverage.unbind(1)
    torch.sum(grad * canvas, 1, out=below_slices[0])
    for t in range(len(below_slices) - 1):
        torch.lerp(below_slices[t], pull_slices[t], coverage_slices[t], out=below_slices[t + 1])
    return pull.sub_(below).mul_(above)


def _differentiable_backward(
    grad: Tensor, canvas: Tensor, coverage: Tensor, color: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients to canvas, coverage and color, each by operations that autograd and ``torch.func`` know."""
    slices, pull = (1 - coverage).unbind(1), product(color, grad).unbind(1)
    above = [torch.ones_like(slices[-1])]
    for transmittance in reversed(slices):
        above.append(above[-1] * transmittance)
    whole = above.pop()
    below = [(grad * canvas).sum(1)]
    for own, covered in zip(pull[:-1], coverage.unbind(1)[:-1], strict=True):
        below.append(below[-1] + covered * (own - below[-1]))
    over = torch.stack(above[::-1], 1)
    coverage_grad = over * (torch.stack(pull, 1) - torch.stack(below, 1))
    return grad * whole[:, None], coverage_grad, product(coverage * over, grad.mT)
