"""torch's modes change no ink: autocast, default types, inference mode, TF32, torch.func, deterministic algorithms."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import product

import gymnasium
import numpy as np
import paintgym
import pytest
import torch
from helpers.tf32 import EmulatedTF32
from paintgym.errors import InvalidInputError
from paintgym.painters.canvas import composite, paint_strokes, white_canvas
from paintgym.painters.modes import plain_torch
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.neural.straight_through import StraightThroughPainter
from paintgym.painters.painter import Painter
from paintgym.painters.registry import load_painter
from paintgym.painters.style import Style
from paintgym.painters.styled import StyledPainter
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")

Mode = Callable[[], AbstractContextManager[object]]
PAINTERS = ("gan", "gan deevad/chalk", "gan ramon/Marker", "vae", "gan-deconv", "proxy", "straight-through", "styled")
PICTURE = np.random.default_rng(0).integers(0, 256, (80, 100, 3), dtype=np.uint8)


def make_painter(name: str) -> Painter:
    if name == "proxy":
        return ProxyPainter()
    if name == "straight-through":
        return StraightThroughPainter(load_painter("gan"))
    if name == "styled":
        return StyledPainter(load_painter("gan"), Style(sizes=(0.2, 0.7)))
    name, _, brush = name.partition(" ")
    return load_painter(name, brush=brush or None)


def some_strokes(*shape: int) -> Tensor:
    return torch.rand(*shape, 12, generator=torch.Generator().manual_seed(5))


@contextmanager
def default_float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def matmul_precision(name: str) -> Iterator[None]:
    torch.set_float32_matmul_precision(name)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision("highest")


MODES: dict[str, Mode] = {
    "float64": default_float64,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "inference": torch.inference_mode,
    "deterministic": deterministic,
}


def ink_and_gradient(painter: Painter, strokes: Tensor) -> tuple[Tensor, Tensor]:
    strokes = strokes.clone().requires_grad_()
    coverage = painter(strokes)
    weights = torch.linspace(0.5, 1, 64)
    (gradient,) = torch.autograd.grad((coverage * weights).sum(), strokes)
    return coverage.detach(), gradient


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "name"), list(product(MODES, PAINTERS)))
def test_painters_made_and_called_under_a_mode_lay_the_same_ink(mode: str, name: str) -> None:
    strokes = some_strokes(6)
    expected = make_painter(name)(strokes)
    with MODES[mode]():
        coverage = make_painter(name)(strokes)
    assert coverage.dtype == torch.float32
    torch.testing.assert_close(coverage.clone(), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("name", ["gan", "vae", "gan-deconv"])
def test_a_painter_loaded_in_inference_mode_can_be_differentiated_outside(name: str) -> None:
    with torch.inference_mode():
        painter = load_painter(name)
    assert (ink_and_gradient(painter, some_strokes(2))[1] != 0).any()


@pytest.mark.parametrize("count", [1, 6, 64])
@pytest.mark.parametrize("name", PAINTERS)
def test_ink_that_nobody_followed_can_be_worked_with_and_followed(name: str, count: int) -> None:
    with torch.no_grad():
        coverage = make_painter(name)(some_strokes(count))
    assert not coverage.is_inference()
    weight = torch.ones(1, requires_grad=True)
    (gradient,) = torch.autograd.grad((coverage * weight).sum(), weight)  # keeps coverage for the way back
    torch.testing.assert_close(gradient[0], coverage.mul_(1).sum())


def test_what_is_noted_of_strokes_in_inference_mode_is_noted_outside_too() -> None:
    painter, strokes = make_painter("gan"), some_strokes(2)
    painter.asks = False  # As on a GPU, which is not waited for.
    with torch.inference_mode():
        painter(strokes)
    painter(strokes)
    with pytest.raises(InvalidInputError, match="NaN"):
        painter(strokes * torch.nan)


@pytest.mark.parametrize("name", PAINTERS)
def test_gradients_through_autocast_are_those_without(name: str) -> None:
    painter, strokes = make_painter(name), some_strokes(4)
    _, expected = ink_and_gradient(painter, strokes)
    with torch.autocast("cpu", torch.bfloat16):
        coverage = painter(strokes.requires_grad_())
        canvas = paint_strokes(white_canvas(1, 64), strokes[None], painter)
    (gradient,) = torch.autograd.grad((coverage * torch.linspace(0.5, 1, 64)).sum(), strokes)
    torch.testing.assert_close(gradient, expected, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(canvas, paint_strokes(white_canvas(1, 64), strokes[None], painter))


@pytest.mark.parametrize(("name", "dtype"), list(product(PAINTERS, [torch.float64, torch.float16, torch.bfloat16])))
def test_coverage_has_the_data_type_of_the_strokes(name: str, dtype: torch.dtype) -> None:
    painter, strokes = make_painter(name), some_strokes(3).to(dtype)
    coverage, gradient = ink_and_gradient(painter, strokes)
    assert coverage.dtype == gradient.dtype == dtype
    torch.testing.assert_close(coverage, painter(strokes.float()).detach().to(dtype))
    painted = paint_strokes(white_canvas(1, 64), strokes[None], painter)
    assert painted.dtype == torch.float32


def test_strokes_that_are_no_floating_point_numbers_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"strokes are torch.int64.*\.float\(\)"):
        load_painter("gan")(torch.ones(2, 12, dtype=torch.int64))


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "name"), list(product(["high", "medium"], PAINTERS)))
def test_ink_and_gradients_survive_rounded_factors(precision: str, name: str) -> None:
    painter, strokes = make_painter(name), some_strokes(40)
    coverage, gradient = ink_and_gradient(painter, strokes)
    with matmul_precision(precision), EmulatedTF32() as emulated:
        rounded, rounded_gradient = ink_and_gradient(painter, strokes)
    assert emulated.products > 0 or name in ("vae", "gan-deconv")
    assert (rounded - coverage).abs().max() < 1e-3
    assert (rounded_gradient - gradient).abs().max() < 1e-3 * gradient.abs().max()


@pytest.mark.parametrize("name", PAINTERS)
def test_ink_and_gradients_survive_what_this_processor_rounds(name: str) -> None:
    painter, strokes = make_painter(name), some_strokes(8)
    coverage, gradient = ink_and_gradient(painter, strokes)
    color, weight = torch.rand(1, 8, 3), torch.rand(1, 3, 64, 64)

    def painted() -> tuple[Tensor, Tensor]:
        colors = color.clone().requires_grad_()
        canvas = composite(white_canvas(1, 64), coverage[None], colors)
        (slope,) = torch.autograd.grad((canvas * weight).sum(), colors)
        return canvas.detach(), slope

    canvas, slope = painted()
    with matmul_precision("medium"):
        rounded, rounded_gradient = ink_and_gradient(painter, strokes)
        rounded_canvas, rounded_slope = painted()
        with torch.no_grad():
            ones = torch.cat([painter(stroke) for stroke in strokes.split(1)])
    assert (rounded - coverage).abs().max() < 1e-3
    assert (ones - coverage).abs().max() < 1e-3
    assert (rounded_gradient - gradient).abs().max() < 1e-3 * gradient.abs().max()
    assert (rounded_canvas - canvas).abs().max() < 1e-3
    assert (rounded_slope - slope).abs().max() < 1e-3 * slope.abs().max()


def test_the_emulation_would_show_the_loss_where_nothing_is_done_against_it() -> None:
    # Gaussians of standard deviation 1 at 20 to 31, as quadratic coefficients times 1, p, p^2.
    positions, means = torch.arange(-32.0, 32.0), torch.linspace(20, 31, 50)
    coefficients = torch.stack([-0.5 * means.square(), means, torch.full_like(means, -0.5)], 1)
    basis = torch.stack([torch.ones(64), positions, positions.square()])
    exact = (coefficients @ basis).exp()
    with EmulatedTF32():
        rounded = (coefficients @ basis).exp()
    assert (rounded - exact).abs().max() > 0.1


def test_the_proxys_gradient_by_hand_survives_rounded_factors() -> None:
    proxy, strokes, weights = ProxyPainter(), some_strokes(30), torch.rand(30, 64, 64)
    expected = proxy.gradient(proxy.draw(strokes), weights)
    with matmul_precision("high"), EmulatedTF32():
        gradient = proxy.gradient(proxy.draw(strokes), weights)
    assert (gradient - expected).abs().max() < 1e-3 * expected.abs().max()


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("name", PAINTERS)
def test_torch_func_batches_and_differentiates_painters(name: str) -> None:
    painter, strokes = make_painter(name), some_strokes(3, 2)
    expected = painter(strokes.flatten(0, 1)).view(3, 2, 1, 64, 64)
    torch.testing.assert_close(torch.func.vmap(painter)(strokes), expected, atol=5e-6, rtol=1e-5)

    def error(own: Tensor) -> Tensor:
        return (paint_strokes(white_canvas(1, 64), own[None], painter) - 0.3).square().mean()

    leaf = strokes.clone().requires_grad_()
    (reference,) = torch.autograd.grad(sum(error(own) for own in leaf), leaf)
    near = {"atol": 1e-3 * float(reference.abs().max()), "rtol": 0.0}
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(error))(strokes), reference, **near)
    torch.testing.assert_close(torch.func.grad(error)(strokes[0]), reference[0], **near)
    _, slope = torch.func.jvp(error, (strokes[0],), (torch.ones(2, 12),))
    torch.testing.assert_close(slope, reference[0].sum(), **near)


def test_torch_func_batches_composites_with_shared_and_own_arguments() -> None:
    generator = torch.Generator().manual_seed(0)
    canvas = torch.rand(4, 2, 3, 5, 5, generator=generator)
    coverage, color = torch.rand(2, 3, 1, 5, 5, generator=generator), torch.rand(4, 2, 3, 3, generator=generator)
    batched = torch.func.vmap(composite, (0, None, 0))(canvas, coverage, color)
    expected = torch.stack([composite(own, coverage, colors) for own, colors in zip(canvas, color, strict=True)])
    torch.testing.assert_close(batched, expected)


def run_single() -> float:
    env = gymnasium.make("paintgym/Painting-v0", target=PICTURE, perceptual="mse", stroke_budget=4)
    env.reset(seed=0)
    env.action_space.seed(0)
    return [env.step(env.action_space.sample())[1] for _ in range(3)][-1]


def run_vector() -> float:
    env = gymnasium.make_vec("paintgym/Painting-v0", num_envs=3, target=PICTURE, perceptual="lite", stroke_budget=2)
    env.reset(seed=0)
    env.action_space.seed(0)
    return float([env.step(env.action_space.sample())[1] for _ in range(4)][-1].sum())


def paint_by(name: str, **options: object) -> Callable[[], float]:
    return lambda: float(paintgym.load_agent(name, **options).paint(PICTURE, 6).loss)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "work",
    [
        pytest.param(run_single, id="environment"),
        pytest.param(run_vector, id="vector-environment"),
        pytest.param(paint_by("policy"), id="policy"),
        pytest.param(paint_by("gradient", loss="mse", iterations=4), id="gradient"),
        pytest.param(paint_by("gradient", loss="lite", iterations=4), id="gradient-lite"),
        pytest.param(paint_by("greedy"), id="greedy"),
    ],
)
def test_environments_and_agents_do_the_same_under_a_mode(mode: str, work: Callable[[], float]) -> None:
    expected = work()
    with MODES[mode]():
        assert work() == pytest.approx(expected, abs=1e-6)


def test_an_environment_reset_in_inference_mode_goes_on_outside() -> None:
    env = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, target=PICTURE, perceptual="mse", stroke_budget=2)
    with torch.inference_mode():
        env.reset(seed=0)
    for _ in range(4):
        assert np.isfinite(env.step(env.action_space.sample())[1]).all()


def test_plain_torch_gives_the_callers_modes_back() -> None:
    with default_float64():
        with plain_torch(), plain_torch():
            assert torch.get_default_dtype() == torch.float32
        assert torch.get_default_dtype() == torch.float64
        with pytest.raises(ZeroDivisionError), plain_torch():
            _ = 1 / 0
        assert torch.get_default_dtype() == torch.float64
