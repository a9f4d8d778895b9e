"""Ink that runs over the border of a window is laid there, by every painter, so that windows show no edges."""

import math
from pathlib import Path

import paintgym
import pytest
import torch
from paintgym.agents.evaluation.seams import seam_energy
from paintgym.envs.pictures import load_picture, scale_picture
from paintgym.painters.painter import FunctionPainter
from paintgym.painters.raster import WHOLE, Raster
from paintgym.painters.registry import load_painter
from paintgym.painters.style import Style
from paintgym.painters.styled import StyledPainter

pytestmark = pytest.mark.usefixtures("one_thread")

AROUND = Raster(-16.0, -16.0, 1.0, 96, 96)
BEYOND = torch.ones(96, 96, dtype=torch.bool)
BEYOND[16:80, 16:80] = False


def along_the_border(count: int = 60) -> torch.Tensor:
    strokes = torch.rand(count, 12, generator=torch.Generator().manual_seed(0))
    strokes[:, 1] = 0.3 + 0.7 * strokes[:, 1]
    strokes[:, [2, 4, 9]] = 0.06 * strokes[:, [2, 4, 9]]
    return strokes


@pytest.mark.parametrize("name", ["vae", "gan-deconv"])
def test_ink_beyond_the_window_is_like_the_gan_painters_whose_dabs_know_no_window(name: str) -> None:
    strokes = along_the_border()
    reference = load_painter("gan").sample(strokes, AROUND)[:, 0, BEYOND]
    coverage = load_painter(name).sample(strokes, AROUND)[:, 0, BEYOND]
    assert reference.mean() > 0.01
    assert (coverage - reference).square().mean() < 0.35 * reference.square().mean()
    assert coverage.mean() == pytest.approx(float(reference.mean()), rel=0.35)


@pytest.mark.parametrize("name", ["vae", "gan-deconv"])
def test_ink_does_not_break_off_at_the_border(name: str) -> None:
    coverage = load_painter(name).sample(along_the_border(), AROUND)[:, 0, 16:80].mean((0, 1))
    steps = coverage.diff().abs()
    # Across the border, which lies between columns 15 and 16, and beside it.
    assert steps[15] < 2 * steps[[12, 13, 17, 18]].mean()


@pytest.mark.parametrize("name", ["vae", "gan-deconv"])
def test_nothing_changes_far_inside_the_window(name: str) -> None:
    painter, strokes = load_painter(name), along_the_border(8)
    assert torch.equal(painter.sample(strokes, WHOLE), painter(strokes))
    inside = painter.sample(strokes, AROUND)[..., 22:74, 22:74]
    torch.testing.assert_close(inside, painter(strokes)[..., 6:58, 6:58], atol=1e-6, rtol=0)


def test_coverage_on_any_raster_is_between_0_and_1_and_differentiable() -> None:
    strokes = along_the_border(6)
    strokes[:3, 1] = 0.0
    strokes.requires_grad_()
    coverage = load_painter("vae").sample(strokes, Raster(-16.0, -16.0, 0.75, 128, 128))
    assert ((coverage >= 0) & (coverage <= 1)).all()
    (gradient,) = torch.autograd.grad(coverage.sum(), strokes)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("size", [0.0, 0.1, 0.2])
def test_strokes_too_thin_to_shrink_are_nearer_to_the_gan_painters_than_if_they_were_cut(size: float) -> None:
    strokes = along_the_border(40)
    strokes[:, 1] = size
    coverage, reference = (load_painter(name).sample(strokes, AROUND)[:, 0, BEYOND] for name in ("vae", "gan"))
    assert (coverage - reference).square().sum() < 0.9 * reference.square().sum()


def test_limits_of_a_style_are_kept_beyond_the_window_and_not_narrowed() -> None:
    painter, strokes = load_painter("vae"), along_the_border(8)
    strokes[:, 1] = 0.6
    styled = StyledPainter(painter, Style(sizes=(0.6, 0.6)))
    torch.testing.assert_close(styled.sample(strokes, AROUND), painter.sample(strokes, AROUND), atol=1e-5, rtol=0)


def test_a_function_of_strokes_is_cut_where_it_ends() -> None:
    painter = FunctionPainter(lambda strokes: torch.ones(len(strokes), 1, 64, 64))
    coverage = painter.sample(torch.rand(2, 12), AROUND)
    assert coverage[:, 0, BEYOND].max() == 0
    assert coverage[:, 0, ~BEYOND].min() == 1


@pytest.mark.parametrize(
    ("raster", "inside"),
    [
        (WHOLE, True),
        (Raster(0.0, 0.0, 0.5, 128, 128), True),
        (Raster(10.0, 20.0, 0.5, 20, 88), True),
        (Raster(-0.5, 0.0, 1.0, 10, 10), False),
        (Raster(0.0, 0.0, 1.0, 65, 10), False),
        (Raster(0.0, 60.0, 0.5, 10, 9), False),
    ],
)
def test_the_canvas_knows_which_rasters_lie_inside_it(raster: Raster, inside: bool) -> None:
    assert WHOLE.holds(raster) is inside


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "gan-deconv"])
def test_large_paintings_show_no_borders_of_windows(name: str) -> None:
    path = Path(paintgym.__file__).parent / "scripts" / "pictures" / "still_life.jpg"
    painting = paintgym.load_agent("policy", painter=name).paint(path, 600, size=256)
    energy = seam_energy(painting.image, scale_picture(load_picture(path), 256), painting.stroke_list)
    assert math.isfinite(energy)
    assert energy < 0.05
