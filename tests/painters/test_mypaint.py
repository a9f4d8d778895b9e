"""The real brush: deterministic, true to the reference strokes, unharmed by degenerate ones, the same at any size."""

import subprocess
import sys
import zlib
from itertools import product

import numpy as np
import pytest
from paintgym.errors import InvalidInputError
from paintgym.painters.mypaint.brushes import brush_noise, brush_stream
from paintgym.painters.mypaint.engine import MyPaintEngine, stroke_events
from paintgym.painters.mypaint.reference import reference_correlations
from paintgym.painters.stroke import COLOR, CONTROL, END, END_PRESSURE, ENTRY_PRESSURE, SIZE, START, random_strokes
from PIL import Image

pytestmark = pytest.mark.usefixtures("brush")

STROKES = random_strokes(24, np.random.default_rng(7))


@pytest.fixture(scope="module")
def engine() -> MyPaintEngine:
    return MyPaintEngine()


def test_the_same_stroke_gives_the_same_ink_whatever_was_drawn_before(engine):
    first = engine.stroke(STROKES[0])
    engine.coverage(STROKES)
    assert first.max() > 0.1
    np.testing.assert_array_equal(engine.stroke(STROKES[0]), first)
    np.testing.assert_array_equal(MyPaintEngine().stroke(STROKES[0]), first)


def test_another_process_gives_the_same_ink(engine):
    script = (
        "import zlib, numpy as np; from paintgym.painters.mypaint.engine import MyPaintEngine\n"
        "from paintgym.painters.stroke import random_strokes\n"
        "strokes = random_strokes(24, np.random.default_rng(7))\n"
        "print(zlib.crc32(MyPaintEngine().coverage(strokes).tobytes()))"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert int(output) == zlib.crc32(engine.coverage(STROKES).tobytes())


def test_coverage_agrees_with_the_reference_strokes(data):
    correlations = reference_correlations(data("mypaint_reference"))
    assert len(correlations) == 7
    assert np.mean(list(correlations.values())) >= 0.92
    assert min(correlations.values()) >= 0.85


def test_a_stroke_of_other_position_does_not_agree_with_the_reference(data, monkeypatch):
    coverage = MyPaintEngine.coverage
    monkeypatch.setattr(MyPaintEngine, "coverage", lambda self, strokes: np.roll(coverage(self, strokes), 6, axis=2))
    assert np.mean(list(reference_correlations(data("mypaint_reference")).values())) < 0.8


def test_coverage_and_color_give_the_painted_picture(engine):
    for stroke in STROKES:
        coverage = engine.stroke(stroke)[..., None]
        composed = 1 - coverage + coverage * stroke[COLOR].astype(np.float32)
        np.testing.assert_allclose(engine.paint(stroke), composed, atol=0.5 / 255)


def test_later_strokes_lie_on_top(engine):
    below = np.full(12, 0.9)
    below[START] = 0.1
    above = below.copy()
    below[COLOR], above[COLOR] = (1, 0, 0), (0, 0, 1)
    opaque = engine.stroke(above) > 0.95
    assert opaque.sum() > 20
    assert engine.paint([below, above])[opaque][:, 2].min() > 0.9
    assert engine.paint([above, below])[opaque][:, 2].max() < 0.1


def degenerate_strokes() -> dict[str, np.ndarray]:
    plain = np.full(12, 0.5)
    cases = {name: plain.copy() for name in ("no pressure", "size 0", "start is end", "one point", "white on white")}
    cases["no pressure"][[END_PRESSURE, ENTRY_PRESSURE]] = 0
    cases["size 0"][[SIZE, 9, 4]] = (0, 0.1, 0.9)
    cases["start is end"][CONTROL] = (0.9, 0.1)
    cases["white on white"][COLOR], cases["white on white"][START] = 1, 0
    return cases


@pytest.mark.parametrize("name", degenerate_strokes())
def test_degenerate_strokes_leave_valid_ink(engine, name):
    stroke = degenerate_strokes()[name]
    coverage, picture = engine.stroke(stroke), engine.paint(stroke)
    assert np.isfinite(coverage).all()
    assert ((coverage >= 0) & (coverage <= 1)).all()
    assert ((picture >= 0) & (picture <= 1)).all()
    if name == "no pressure":
        assert coverage.max() == 0
    if name == "white on white":
        assert picture.min() == 1


def test_the_corners_of_the_cube_leave_valid_ink(engine):
    corners = np.array(list(product((0.0, 1.0), repeat=12)))[::7]
    coverage = engine.coverage(corners)
    assert np.isfinite(coverage).all()
    assert coverage.min() >= 0
    assert coverage.max() <= 1


@pytest.mark.parametrize("size", [128, 200, 256])
def test_other_sizes_look_like_the_small_canvas_enlarged(engine, size):
    # Large strokes, whose dabs a pixel grid of either size resolves.
    strokes = STROKES[STROKES[:, SIZE] > 0.4]
    large = MyPaintEngine(size=size).coverage(strokes)
    assert large.shape == (len(strokes), size, size)
    for small, big in zip(engine.coverage(strokes), large, strict=True):
        shrunk = np.asarray(Image.fromarray(big).resize((64, 64), Image.Resampling.BOX))
        assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("scale", [2, 8])
def test_a_stroke_is_the_same_at_any_scale(engine, scale):
    # The brush feels its speed in pixels: with the clock of the small canvas it is 34 and 26 dB.
    large = MyPaintEngine(64 * scale).coverage(STROKES)
    shrunk = large.reshape(len(STROKES), 64, scale, 64, scale).mean((2, 4))
    assert -10 * np.log10(np.square(shrunk - engine.coverage(STROKES)).mean()) > 35


def test_another_brush_draws_another_stroke_at_the_same_place(engine):
    charcoal = MyPaintEngine(brush="classic/charcoal").stroke(STROKES[0])
    dry = engine.stroke(STROKES[0])
    assert charcoal.max() > 0.1
    assert np.abs(charcoal - dry).max() > 0.2


@pytest.mark.parametrize("brush", ["no/such_brush", "../../../etc/passwd", "classic/smudge"])
def test_unknown_and_unfit_brushes_are_refused_in_one_line(brush):
    with pytest.raises(InvalidInputError, match=r"classic/charcoal") as error:
        MyPaintEngine(brush=brush)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [0, -1, 10**6, 64.0, "64"])
def test_sizes_out_of_range_are_refused(size):
    with pytest.raises(InvalidInputError, match="whole number"):
        MyPaintEngine(size=size)


def test_the_pen_enters_follows_the_curve_and_lifts():
    stroke = np.full(12, 0.5)
    stroke[START], stroke[CONTROL], stroke[END] = (0.1, 0.2), (0.5, 0.9), (0.9, 0.2)
    stroke[ENTRY_PRESSURE], stroke[END_PRESSURE] = 1.0, 0.5
    events = np.array(stroke_events(stroke))
    assert events.shape == (103, 3)
    np.testing.assert_allclose(events[0], (6.4, 12.8, 0))
    assert np.hypot(*(events[1, :2] - events[0, :2])) == pytest.approx(0.25)
    np.testing.assert_allclose(events[51, :2], (32, 57.6))  # the control point lies on the curve
    np.testing.assert_allclose(events[[1, 51, 101, 102], 2], (0.8, 0.6, 0.4, 0))


def test_the_brush_noise_is_standard_normal():
    noise = brush_noise(4000)[:, :3]
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.06)
    np.testing.assert_allclose(noise.std(0), 1, atol=0.06)


def test_the_brush_stream_holds_what_the_noise_is_made_of():
    stream, noise = brush_stream(14), brush_noise(2, offset=True, radius=True)
    normal = [float(stream[first : first + 4].sum()) * 3**0.5 - 12**0.5 for first in (1, 5, 9)]
    np.testing.assert_allclose(noise[0], [*normal, stream[0]], atol=1e-5)
    np.testing.assert_allclose(noise[1, 3], stream[13], atol=1e-6)


@pytest.mark.parametrize("name", ["classic/charcoal", "classic/dry_brush", "classic/brush"])
def test_a_stroke_in_a_window_is_that_of_a_canvas_of_its_own(name: str) -> None:
    # All three follow the pen slowly: from the window's corner, not the canvas's.
    stroke = random_strokes(1, np.random.default_rng(3))
    alone = MyPaintEngine(64, name).paint(stroke)
    window = MyPaintEngine((200, 160), name).paint(stroke, windows=[[100, 64, 64]])
    np.testing.assert_allclose(window[64:128, 100:164], alone, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        *(("classic/kabura", 0.12), ("classic/charcoal", 0.12), ("tanda/marker-01", 0.12), ("ramon/Marker", 0.12)),
        ("tanda/splatter-02", 0.2),  # few dabs, with hard edges
    ],
)
def test_a_larger_window_shows_the_same_stroke(name: str, apart: float) -> None:
    # Dabs by the second, slow tracking, direction, a pen that shakes: all keep time with the window.
    strokes = random_strokes(6, np.random.default_rng(3))
    small, large = (MyPaintEngine(side, name).coverage(strokes) for side in (64, 512))
    shrunk = large.reshape(6, 64, 8, 64, 8).mean((2, 4))
    assert np.abs(shrunk - small).mean() < apart * small.mean()
    assert 0.93 < shrunk.mean() / small.mean() < 1.05
