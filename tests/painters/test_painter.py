"""The contract of every shipped painter, the GAN against the real brush, and the file format of painters."""

import json

import numpy as np
import pytest
import torch
from paintgym.errors import InvalidInputError
from paintgym.painters.canvas import paint_strokes
from paintgym.painters.evaluation.fidelity import contact_sheet, high_pass, measure_fidelity, paint_all
from paintgym.painters.evaluation.robustness import degenerate_strokes, measure_robustness
from paintgym.painters.mypaint.drawing import draw_coverage
from paintgym.painters.names import PAINTER_FILES
from paintgym.painters.neural.dabs import Pen, noise_sums, place_dabs
from paintgym.painters.registry import build_painter, load_painter, save_painter
from paintgym.painters.stroke import COLOR, random_strokes


@pytest.fixture(scope="module")
def painter():
    return load_painter("gan")


@pytest.fixture(scope="module", params=PAINTER_FILES.shipped())
def any_painter(request):
    return load_painter(request.param)


@pytest.fixture(scope="module")
def fresh():
    return draw_coverage(300, seed=20_260_101, workers=1)


def test_the_shipped_painter_follows_the_real_brush(painter, fresh):
    fidelity = measure_fidelity(painter, *fresh)
    assert fidelity.psnr > 32
    assert fidelity.l1 < 0.0105
    assert fidelity.iou > 0.85
    assert fidelity.detail_gap < 0.1


def test_a_painter_that_ignores_the_stroke_is_measured_as_poor(painter, fresh):
    strokes, coverage = fresh
    assert measure_fidelity(painter, np.roll(strokes, 1, axis=0), coverage).psnr < 15


def test_coverage_depends_on_the_stroke_alone_not_on_its_batch(any_painter):
    strokes = torch.from_numpy(random_strokes(33, np.random.default_rng(0)).astype(np.float32))
    together = any_painter(strokes)
    alone = torch.cat([any_painter(stroke[None]) for stroke in strokes])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


def test_coverage_ignores_color(any_painter):
    strokes = torch.rand(8, 12, generator=torch.Generator().manual_seed(0))
    recolored = strokes.clone()
    recolored[:, COLOR] = 1 - recolored[:, COLOR]
    assert torch.equal(any_painter(strokes), any_painter(recolored))


def test_equal_strokes_give_equal_coverage(any_painter):
    strokes = torch.from_numpy(random_strokes(16, np.random.default_rng(1)).astype(np.float32))
    torch.manual_seed(1)
    once = any_painter(strokes)
    torch.manual_seed(2)
    assert torch.equal(once, any_painter(strokes))
    assert not any_painter.training
    assert not any(weight.requires_grad for weight in any_painter.parameters())


@pytest.fixture(scope="module")
def held_out():
    """The strokes that the cards' figures are of, drawn again by the real brush."""
    cards = [json.loads((PAINTER_FILES.folder / f"{name}.json").read_text()) for name in PAINTER_FILES.shipped()]
    ((seed, count),) = {(card["held_out_seed"], card["fidelity"]["strokes"]) for card in cards}
    return draw_coverage(count, seed, workers=1)


@pytest.mark.slow
def test_shipped_painters_reach_what_their_cards_say(any_painter, held_out):
    card = json.loads((PAINTER_FILES.folder / f"{any_painter.name}.json").read_text())
    # The same strokes: what may differ is how float32 sums are rounded, here and where the painter was trained.
    found = measure_fidelity(any_painter, *held_out).as_dict()
    assert {key: found[key] for key in card["fidelity"]} == pytest.approx(card["fidelity"], rel=1e-3, abs=1e-5)


def test_shipped_painters_are_what_their_cards_say_and_nearly_as_good_on_other_strokes(any_painter, fresh):
    card = json.loads((PAINTER_FILES.folder / f"{any_painter.name}.json").read_text())
    assert card["architecture"] == any_painter.architecture
    assert card["parameters"] == sum(weight.numel() for weight in any_painter.parameters())
    # Other strokes, and only 300: over eight seeds, the figures of the three spread by 0.1 to 0.3 dB (one deviation).
    assert measure_fidelity(any_painter, *fresh).psnr == pytest.approx(card["fidelity"]["psnr"], abs=1)


def test_the_rivals_have_weights_of_at_most_four_megabytes():
    sizes = {path.stem: path.stat().st_size for path in PAINTER_FILES.folder.glob("*.safetensors")}
    assert {"gan", "gan-deconv", "vae"} <= set(sizes) == set(PAINTER_FILES.shipped())
    assert max(sizes.values()) <= 4_000_000


def test_no_strokes_give_no_coverage(any_painter):
    assert any_painter(torch.zeros(0, 12)).shape == (0, 1, 64, 64)


def test_a_stroke_without_pressure_leaves_no_visible_ink(painter):
    stroke = torch.full((1, 12), 0.5)
    stroke[:, [0, 11]] = 0.0
    assert painter(stroke).max() < 1 / 512


@pytest.mark.slow
def test_degenerate_strokes_give_finite_coverage_and_gradients(any_painter):
    strokes = degenerate_strokes()
    if any_painter.name != "gan":
        strokes = strokes[::9]  # Plain networks have no geometry to degenerate, and are slow.
    robustness = measure_robustness(any_painter, strokes)
    assert (robustness.not_finite, robustness.out_of_range, robustness.bad_gradients) == (0, 0, 0)


def test_moving_a_stroke_down_the_gradient_brings_it_to_its_target(painter):
    target = torch.tensor([[0.6, 0.5, 0.5, 0.4, 0.7, 0.6, 0, 0, 0, 0.3, 0.5, 0.6]])
    stroke = (target + 0.02).requires_grad_()
    optimizer = torch.optim.Adam([stroke], 5e-3)
    wanted = painter(target)
    losses = []
    for _ in range(100):
        loss = (painter(stroke) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses) < 0.4 * losses[0]


def test_the_gradient_of_a_group_of_dabs_is_the_slope_of_its_ink():
    strokes = torch.from_numpy(random_strokes(4, np.random.default_rng(3)))
    noise = noise_sums(torch.randn(1664, 3, generator=torch.Generator().manual_seed(0))).double()
    weights = torch.randn(4, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def probe(values):
        # Fixed group edges: between two dabs the ink's slope must be what autograd says.
        dabs = place_dabs(Pen().double()(values), noise, 64)
        return (weights.flatten() * (dabs.place[0] + 2 * dabs.place[1] + dabs.opacity + dabs.log_radius)).sum()

    inputs = strokes.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(probe(inputs), inputs)
    for column in (0, 11):  # pressures do not move the groups
        step = torch.zeros_like(strokes)
        step[:, column] = 1e-6
        slope = (probe(strokes + step) - probe(strokes - step)) / 2e-6
        assert slope.item() == pytest.approx(gradient[:, column].sum().item(), rel=1e-4)


def test_painters_survive_saving_and_loading(tmp_path):
    made = build_painter("deconv").eval()
    save_painter(made, tmp_path / "mine.safetensors", {}, {"data": "none"})
    strokes = torch.rand(3, 12)
    loaded = load_painter(tmp_path / "mine.safetensors")
    assert torch.equal(made(strokes), loaded(strokes))
    assert not any(weight.requires_grad for weight in loaded.parameters())
    assert (tmp_path / "mine.json").is_file()


@pytest.mark.parametrize("name", ["van-gogh", "missing.safetensors"])
def test_an_unknown_painter_is_one_clear_error(name):
    with pytest.raises(InvalidInputError, match=name):
        load_painter(name)


def test_a_file_that_is_no_painter_is_one_clear_error(tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"not a painter")
    with pytest.raises(InvalidInputError, match="not a painter file"):
        load_painter(tmp_path / "bad.safetensors")


def test_strokes_of_the_wrong_shape_are_refused(any_painter):
    with pytest.raises(InvalidInputError, match=r"expected \(N, 12\)"):
        any_painter(torch.zeros(4, 11))


def test_a_stroke_with_nan_is_refused(any_painter):
    strokes = torch.full((3, 12), 0.5)
    strokes[1, 4] = float("nan")
    with pytest.raises(InvalidInputError, match="NaN"):
        any_painter(strokes)


def test_numbers_outside_the_range_are_taken_at_its_end(any_painter):
    strokes = torch.rand(16, 12, generator=torch.Generator().manual_seed(0)) * 2 - 0.5
    assert torch.equal(any_painter(strokes), any_painter(strokes.clamp(0, 1)))


def test_high_pass_sees_grain_and_not_tone():
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 64, 64)
    assert high_pass(ramp).abs().max() < 1e-6
    grain = (torch.arange(64) % 2).float().expand(1, 1, 64, 64)
    assert high_pass(grain).square().mean() > 0.1


@pytest.mark.parametrize(("painters", "columns", "rows"), [(1, 6, 2), (3, 3, 3)])
def test_the_contact_sheet_has_a_place_for_every_stroke(painter, fresh, painters, columns, rows):
    strokes, coverage = fresh[0][:7], fresh[1][:7]
    sheet = contact_sheet(strokes, coverage, *[paint_all(painter, strokes)] * painters, scale=1)
    assert sheet.size == (columns * (4 + 64 * (1 + painters)), rows * 68)


@pytest.mark.parametrize("side", [48, 32, 16])
@pytest.mark.parametrize("asks", [None, False])
def test_small_canvases_are_drawn_small_and_look_like_the_large_one_scaled_down(side: int, asks: bool | None) -> None:
    painter = load_painter("gan")
    painter.asks = asks
    strokes = torch.rand(96, 12, generator=torch.Generator().manual_seed(0))
    drawn = painter.reduced(strokes, side)
    assert drawn.shape == (96, 1, max(side, 32), max(side, 32))
    white, black = torch.ones(96, 3, side, side), strokes[:, None].clone()
    black[..., 6:9] = 0
    canvas = 1 - paint_strokes(white, black, painter)[:, :1]
    scaled = torch.nn.functional.interpolate(painter(strokes), (side, side), mode="bilinear", antialias=True)
    error = (canvas - scaled).square().mean()
    assert -10 * error.log10() > 38


def test_gradients_of_small_canvases_are_those_of_finite_differences() -> None:
    painter = load_painter("gan").double()
    stroke = torch.rand(1, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: painter.reduced(given, 32).mean(), stroke, eps=1e-7, atol=1e-4)
