"""One stroke without gradients: what NumPy forms of it is what torch forms."""

import copy

import numpy as np
import pytest
import torch
from paintgym.painters.evaluation.robustness import degenerate_strokes
from paintgym.painters.neural import one
from paintgym.painters.neural.splat import SplatPainter
from paintgym.painters.raster import Raster
from paintgym.painters.registry import load_painter
from paintgym.painters.stroke import CONTROL, END, START, random_strokes
from torch import Tensor
from torch.autograd import forward_ad


@pytest.fixture(scope="module")
def painter() -> SplatPainter:
    painter = load_painter("gan")
    assert isinstance(painter, SplatPainter)
    return painter


def some(count: int, seed: int = 3) -> Tensor:
    return torch.from_numpy(random_strokes(count, np.random.default_rng(seed)).astype(np.float32))


@pytest.fixture
def formed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many dabs NumPy formed, call by call."""
    counts: list[int] = []
    spread = one.spread

    def counted(dabs: one.Dabs, *rest: object) -> object:
        counts.append(len(dabs.laid))
        return spread(dabs, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(one, "spread", counted)
    return counts


@pytest.mark.parametrize("draw", ["whole", "reduced", "finer"])
def test_it_is_what_the_law_forms(painter: SplatPainter, draw: str, formed: list[int]) -> None:
    def ink(painter: SplatPainter, strokes: Tensor) -> Tensor:
        if draw == "reduced":
            return painter.reduced(strokes, 32)
        return painter(strokes) if draw == "whole" else painter.sample(strokes, Raster(10, 20, 0.25, 60, 50))

    exact = copy.deepcopy(painter).double()
    strokes = torch.cat([some(40), torch.from_numpy(degenerate_strokes()[::83])])
    groups = 0
    for stroke in strokes.split(1):
        with torch.no_grad():
            found = ink(painter, stroke)
        if formed[-1] < painter.groups:
            torch.testing.assert_close(found, ink(painter, stroke), atol=3e-5, rtol=0)
        else:
            # Of groups of dabs torch's float32 leaves 1.5e-4 to 4e-4.
            law = ink(exact, stroke.double()).float()
            torch.testing.assert_close(found, law, atol=1e-4, rtol=0)
            groups += 1
    assert len(formed) == len(strokes)
    assert groups >= 3


@pytest.mark.parametrize(("start", "end", "part"), [(0.45, 0.55, 0.25), (0.0, 0.1, 0.1), (0.0, 1.0, 1.0)])
def test_only_where_a_stroke_is_pixels_are_drawn(
    painter: SplatPainter, start: float, end: float, part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels: list[int] = []
    sharpened = one.sharpened

    def noted(density: Tensor, *rest: object) -> Tensor:
        pixels.append(density.numel())
        return sharpened(density, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(one, "sharpened", noted)
    stroke = torch.full((1, 12), 0.5)
    stroke[:, START], stroke[:, CONTROL], stroke[:, END] = start, (start + end) / 2, end
    with torch.no_grad():
        found = painter(stroke)
    torch.testing.assert_close(found, painter(stroke), atol=3e-5, rtol=0)
    assert found.max() > 0.3
    assert len(pixels) == 1
    assert part / 2 < pixels[0] / 64**2 <= part


def test_a_stroke_beyond_a_raster_leaves_nothing_there(painter: SplatPainter) -> None:
    stroke = torch.full((1, 12), 0.1)
    with torch.no_grad():
        assert torch.equal(painter.sample(stroke, Raster(50, 50, 0.25, 40, 30)), torch.zeros(1, 1, 30, 40))


def test_weights_that_are_no_numbers_are_seen(painter: SplatPainter) -> None:
    broken = copy.deepcopy(painter)
    torch.nn.init.constant_(broken.dab[-1].bias, torch.nan)
    with torch.no_grad():
        assert broken(torch.full((1, 12), 0.5)).isnan().any()


def test_noise_weights_and_dtypes_are_those_of_the_moment(formed: list[int]) -> None:
    painter, strokes = SplatPainter(), torch.full((1, 12), 0.5)
    for _ in range(2):
        painter.set_noise(torch.randn(1664, 3))
        torch.nn.init.normal_(painter.dab[-1].bias)
        with torch.no_grad():
            found = painter(strokes)
        torch.testing.assert_close(found, painter(strokes), atol=3e-5, rtol=0)
    assert len(formed) == 2
    with torch.no_grad():
        painter.double()(strokes)
    assert len(formed) == 2


def test_what_is_followed_is_left_to_torch(painter: SplatPainter, formed: list[int]) -> None:
    strokes = torch.full((1, 12), 0.5)
    with torch.no_grad(), forward_ad.dual_level():
        followed = painter(forward_ad.make_dual(strokes, torch.ones_like(strokes)))
        assert forward_ad.unpack_dual(followed).tangent is not None
    with torch.no_grad():
        _, tangent = torch.func.jvp(painter, (strokes,), (torch.ones_like(strokes),))
    assert float(tangent.abs().max()) > 0
    painter(strokes)
    assert not formed


def test_numpy_set_to_raise_and_inference_mode_are_no_matter(painter: SplatPainter) -> None:
    strokes = torch.from_numpy(degenerate_strokes()[::250])
    with np.errstate(all="raise"), torch.inference_mode():
        for stroke in strokes:
            assert painter(stroke[None]).isfinite().all()
