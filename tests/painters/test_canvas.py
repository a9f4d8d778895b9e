"""The canvas: exact compositing and gradients, everywhere in the unit cube."""

import pytest
import torch
from paintgym.errors import InvalidInputError
from paintgym.painters.canvas import composite, paint_strokes, white_canvas
from torch import Tensor


def disc_painter(strokes: Tensor) -> Tensor:
    """A soft disc at the stroke's end point: the smallest painter with a shape and a gradient."""
    ruler = (torch.arange(64) + 0.5) / 64
    x, y = strokes[:, 4, None, None], strokes[:, 5, None, None]
    distance = (ruler - x) ** 2 + (ruler[:, None] - y) ** 2
    return torch.sigmoid((0.04 - distance) * 60)[:, None]


def one_after_another(canvas: Tensor, coverage: Tensor, color: Tensor) -> Tensor:
    for t in range(coverage.shape[1]):
        canvas = canvas * (1 - coverage[:, t]) + coverage[:, t] * color[:, t, :, None, None]
    return canvas


def random_stack(batch: int = 2, strokes: int = 7, size: int = 5, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Canvas, coverage and color; a third of the coverage is exactly 0 and a third exactly 1."""
    generator = torch.Generator().manual_seed(3)
    canvas = torch.rand(batch, 3, size, size, generator=generator, dtype=torch.float64)
    coverage = torch.rand(batch, strokes, 1, size, size, generator=generator, dtype=torch.float64).mul(3).sub(1)
    color = torch.rand(batch, strokes, 3, generator=generator, dtype=torch.float64)
    return [tensor.to(dtype).requires_grad_() for tensor in (canvas, coverage.clamp(0, 1).detach(), color)]


def test_gradients_pass_gradcheck_even_where_strokes_are_opaque() -> None:
    assert torch.autograd.gradcheck(composite, random_stack(strokes=4, size=3))


def test_strokes_at_once_equal_one_after_another_in_value_and_gradient() -> None:
    stack = random_stack()
    weights = torch.linspace(-1, 1, 2 * 3 * 5 * 5, dtype=torch.float64).view(2, 3, 5, 5)
    together = composite(*stack)
    expected = one_after_another(*stack)
    torch.testing.assert_close(together, expected)
    gradients = torch.autograd.grad((together**2 * weights).sum(), stack)
    for gradient, reference in zip(gradients, torch.autograd.grad((expected**2 * weights).sum(), stack), strict=True):
        torch.testing.assert_close(gradient, reference)


def test_float32_agrees_with_float64_over_two_hundred_strokes() -> None:
    stack = random_stack(batch=1, strokes=200, size=16)
    single = composite(*(tensor.float() for tensor in stack))
    assert (single - composite(*stack)).abs().max() < 1e-5


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("shade", [0.0, 1.0])
def test_empty_and_opaque_strokes_of_white_and_black_are_exact_and_finite(alpha: float, shade: float) -> None:
    canvas = white_canvas(1, 4).requires_grad_()
    coverage = torch.full((1, 3, 1, 4, 4), alpha, requires_grad=True)
    color = torch.full((1, 3, 3), shade, requires_grad=True)
    painted = composite(canvas, coverage, color)
    assert (painted == (shade if alpha else 1.0)).all()
    for gradient in torch.autograd.grad(painted.sum(), (canvas, coverage, color)):
        assert gradient.isfinite().all()


def test_later_strokes_lie_on_top() -> None:
    coverage = torch.ones(1, 2, 1, 4, 4)
    color = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    assert composite(white_canvas(1, 4), coverage, color)[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


def test_no_strokes_leave_the_canvas_as_it_is() -> None:
    canvas = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(paint_strokes(canvas, torch.empty(2, 0, 12), disc_painter), canvas)


def test_painting_calls_the_painter_once_and_keeps_batch_and_order() -> None:
    calls = []

    def painter(strokes: Tensor) -> Tensor:
        calls.append(len(strokes))
        return disc_painter(strokes)

    strokes = torch.rand(3, 4, 12, generator=torch.Generator().manual_seed(1))
    painted = paint_strokes(white_canvas(3, 64), strokes, painter)
    assert calls == [12]
    for index in range(3):
        canvas = white_canvas(1, 64)
        for t in range(4):
            canvas = paint_strokes(canvas, strokes[index, t].view(1, 1, 12), disc_painter)
        torch.testing.assert_close(painted[index], canvas[0])


@pytest.mark.parametrize("size", [32, 64, 160])
def test_canvas_of_any_size_receives_the_same_picture(size: int) -> None:
    strokes = torch.rand(1, 5, 12, generator=torch.Generator().manual_seed(2)).requires_grad_()
    reference = paint_strokes(white_canvas(1, 64), strokes, disc_painter)
    painted = paint_strokes(white_canvas(1, size), strokes, disc_painter)
    assert painted.shape == (1, 3, size, size)
    shrunk = torch.nn.functional.interpolate(painted, (16, 16), mode="area")
    expected = torch.nn.functional.interpolate(reference, (16, 16), mode="area")
    assert (shrunk - expected).abs().max() < 0.05
    (gradient,) = torch.autograd.grad(painted.sum(), strokes)
    assert gradient.isfinite().all()
    assert (gradient != 0).any()


@pytest.mark.parametrize(
    ("canvas", "coverage", "color", "message"),
    [
        ((3, 4, 4), (1, 2, 1, 4, 4), (1, 2, 3), r"canvas has shape \(3, 4, 4\), expected \(B, 3, H, W\)"),
        ((1, 3, 4, 4), (1, 2, 4, 4), (1, 2, 3), r"coverage has shape \(1, 2, 4, 4\), expected .*\(1, T, 1, 4, 4\)"),
        ((1, 3, 4, 4), (1, 2, 1, 8, 8), (1, 2, 3), r"coverage has shape .* resize the painter's output"),
        ((1, 3, 4, 4), (1, 2, 1, 4, 4), (1, 3, 3), r"color has shape \(1, 3, 3\), expected .*\(1, 2, 3\)"),
    ],
)
def test_wrong_shapes_raise_with_value_expectation_and_fix(canvas, coverage, color, message) -> None:
    with pytest.raises(InvalidInputError, match=message):
        composite(torch.ones(canvas), torch.ones(coverage), torch.ones(color))


def test_mixed_data_types_and_unbatched_strokes_raise() -> None:
    with pytest.raises(InvalidInputError, match="one data type"):
        composite(white_canvas(1, 4), torch.ones(1, 1, 1, 4, 4).double(), torch.ones(1, 1, 3))
    with pytest.raises(InvalidInputError, match=r"strokes have shape \(5, 12\).*strokes\[None\]"):
        paint_strokes(white_canvas(1, 64), torch.rand(5, 12), disc_painter)
