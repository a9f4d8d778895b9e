"""The stamp painter: true to the engine at every size before anything is learned, safe, and differentiable."""

import numpy as np
import pytest
import torch
from helpers.brush_painters import untrained
from paintgym.painters.evaluation.robustness import degenerate_strokes, measure_robustness
from paintgym.painters.mypaint.engine import MyPaintEngine
from paintgym.painters.raster import Raster
from paintgym.painters.stroke import random_strokes

pytestmark = pytest.mark.usefixtures("brush")


def some(count: int, seed: int = 5) -> torch.Tensor:
    return torch.from_numpy(random_strokes(count, np.random.default_rng(seed)).astype(np.float32))


@pytest.mark.parametrize(
    ("brush", "decibels"),
    [
        ("classic/charcoal", 70),
        ("classic/calligraphy", 44),
        ("deevad/chalk", 58),
        ("deevad/rigger_brush", 45),
        ("tanda/acrylic-05-paint", 44),
        ("tanda/pencil-8b", 40),
        ("ramon/Marker", 34),
        ("experimental/irregular_ink", 36),
        ("kaerhon_v1/airbruch_press_a", 60),
        ("classic/kabura", 54),
        ("tanda/splatter-02", 45),  # the pen shakes
    ],
)
def test_its_ink_is_the_engines(brush: str, decibels: float) -> None:
    strokes = some(48)
    real = MyPaintEngine(brush=brush).coverage(strokes.numpy())
    error = float(np.mean((untrained(brush)(strokes)[:, 0].numpy() - real) ** 2))
    assert 10 * np.log10(1 / error) > decibels


@pytest.mark.parametrize("brush", ["classic/charcoal", "deevad/chalk", "classic/kabura", "tanda/splatter-02"])
def test_at_a_finer_size_it_shows_the_same_grain_as_the_engine_there(brush: str) -> None:
    strokes = some(4)
    real = MyPaintEngine(256, brush).coverage(strokes.numpy())
    own = untrained(brush).sample(strokes, Raster(0, 0, 0.25, 256, 256))[:, 0].numpy()
    assert 10 * np.log10(1 / np.mean((own - real) ** 2)) > 45


def test_a_part_of_a_canvas_is_a_part_of_the_whole() -> None:
    painter, strokes = untrained("ramon/Marker"), some(4)
    whole = painter(strokes)
    part = painter.sample(strokes, Raster(10, 20, 1.0, 30, 25))
    torch.testing.assert_close(part, whole[:, :, 20:45, 10:40], atol=1e-5, rtol=0)


@pytest.mark.parametrize("brush", ["deevad/chalk", "ramon/Marker", "experimental/irregular_ink", "tanda/splatter-02"])
def test_it_paints_the_same_where_nobody_may_ask(brush: str) -> None:
    painter, strokes = untrained(brush), some(3)
    asked = painter(strokes)
    painter.asks = False
    torch.testing.assert_close(painter(strokes), asked, atol=3e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("brush", ["deevad/chalk", "ramon/Marker"])
def test_torch_compiles_it_in_one_graph(brush: str) -> None:
    painter, strokes = untrained(brush), some(3)
    compiled = torch.compile(painter, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(strokes), painter(strokes), atol=3e-4, rtol=0)


@pytest.mark.parametrize(
    "brush", ["classic/charcoal", "deevad/2B_pencil", "experimental/speed_blot", "tanda/splatter-02"]
)
def test_gradients_are_those_of_finite_differences(brush: str) -> None:
    painter = untrained(brush).double()
    strokes = some(4, 7).double().requires_grad_()
    weights = torch.rand(64, 64, dtype=torch.float64)
    step = torch.randn(4, 12, dtype=torch.float64) * 1e-6

    def ink(at: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = (painter(at)[:, 0] * weights).sum((1, 2))
        return total

    (gradient,) = torch.autograd.grad(ink(strokes).sum(), strokes)
    with torch.no_grad():
        measured = (ink(strokes + step) - ink(strokes - step)) / 2
    # A stroke that gains or loses a dab between the two has no derivative there; most have one. One may have no ink.
    apart = (measured / (gradient * step).sum(1) - 1).abs()
    assert float(apart.nanmedian()) < 1e-3


def test_torch_func_batches_and_differentiates_it() -> None:
    painter, strokes = untrained("deevad/chalk"), some(2)
    batched = torch.func.vmap(lambda stroke: painter(stroke[None])[0])(strokes)
    torch.testing.assert_close(batched, painter(strokes), atol=1e-4, rtol=0)
    assert torch.func.hessian(lambda stroke: painter(stroke[None]).sum())(strokes[0]).isfinite().all()


@pytest.mark.parametrize(
    "brush", ["classic/charcoal", "ramon/Marker", "tanda/pencil-8b", "classic/coarse_bulk_1", "tanda/splatter-02"]
)
def test_degenerate_strokes_stay_finite_and_in_range(brush: str) -> None:
    strokes = np.concatenate([degenerate_strokes()[::83], some(30).numpy()])
    found = measure_robustness(untrained(brush), strokes)
    assert (found.not_finite, found.out_of_range, found.bad_gradients) == (0, 0, 0)
    assert untrained(brush)(torch.empty(0, 12)).shape == (0, 1, 64, 64)


@pytest.mark.parametrize("brush", ["classic/calligraphy", "deevad/chalk"])
def test_strokes_without_ink_have_no_gradient_and_no_error(brush: str) -> None:
    strokes = some(5)
    strokes[:, [0, 11]] = 0.0
    strokes.requires_grad_()
    painter = untrained(brush)
    coverage = painter(strokes)
    coverage.sum().backward()
    assert float(coverage.sum()) == 0.0
    assert strokes.grad is not None
    assert float(strokes.grad.abs().max()) == 0.0


def test_learning_corrects_dabs_within_bounds() -> None:
    painter, strokes = untrained("classic/pen"), some(8)
    before = painter(strokes)
    painter.correction[-1].bias.copy_(torch.tensor([1e6, 1e6, 1e6]))
    after = painter(strokes)
    assert bool(after.isfinite().all())
    assert 1.0 < float(after.sum() / before.sum()) < 1.6


@pytest.mark.parametrize("raster", [Raster(-8.0, 3.0, 0.5, 150, 110), Raster(5.0, 8.0, 0.1, 520, 480)])
@pytest.mark.parametrize(
    "brush",
    [
        "classic/charcoal",  # soft
        "ramon/Marker",  # hard ellipses
        "deevad/chalk",  # soft and hard dabs in one stroke
    ],
)
def test_strokes_one_by_one_are_those_of_a_batch(brush: str, raster: Raster) -> None:
    painter, strokes = untrained(brush), some(5)
    strokes[2, 0] = strokes[2, 11] = 0.0
    batch = painter.sample(strokes, raster)
    alone = torch.zeros_like(batch)
    for number, (left, top, coverage) in enumerate(painter.crops(strokes, raster)):
        alone[number, :, top : top + coverage.shape[2], left : left + coverage.shape[3]] = coverage[0]
    torch.testing.assert_close(alone, batch, atol=1e-5, rtol=0)
