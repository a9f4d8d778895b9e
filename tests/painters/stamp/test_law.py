"""The law of dabs from a brush's settings: against libmypaint's own dabs, mask by mask and dab by dab."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.brush_painters import untrained
from helpers.engine_dabs import engine_dabs, engine_mask
from paintgym.errors import InvalidInputError
from paintgym.painters.mypaint.brush_file import BrushSetting
from paintgym.painters.mypaint.brushes import find_brush
from paintgym.painters.neural.stamp.dabs import place_dabs, softened
from paintgym.painters.neural.stamp.law import BrushLaw, Setting
from paintgym.painters.neural.stamp.masks import ellipse_distance, faded, round_distance
from paintgym.painters.raster import WHOLE
from paintgym.painters.stroke import random_strokes
from paintgym.painters.training.brush_law import brush_law, longest_stroke, painter_options
from paintgym.painters.training.config import TrainingConfig

pytestmark = pytest.mark.usefixtures("brush")


@pytest.mark.parametrize(("least", "most"), [(0.3, 3.0), (3.0, 12.0)], ids=["small", "large"])
@pytest.mark.parametrize("form", ["round", "turned", "ellipse"])
def test_a_dab_covers_what_libmypaint_says(least: float, most: float, form: str) -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        x, y = random.uniform(20, 40, 2)
        radius, hardness = random.uniform(least, most), random.uniform(0.05, 0.95)
        ratio = random.uniform(1, 8) if form == "ellipse" else 1.0
        angle = -90.0 if form == "round" else random.uniform(-180, 0)
        columns = torch.arange(64, dtype=torch.float64)[None] + 0.5
        sizes = torch.tensor([[radius], [hardness], [ratio], [math.radians(angle)]], dtype=torch.float64)
        if form == "round":
            distance = round_distance(columns - x, columns - y, sizes[0], radius < 3)
        else:
            shape = sizes[2], sizes[3].cos(), sizes[3].sin()
            distance = ellipse_distance(columns - x, columns - y, sizes[0], shape, radius < 3)
        own = faded(distance, sizes[1], torch.ones(1, dtype=torch.float64), 1.0)[0]
        # libmypaint rounds down to 15 bits.
        np.testing.assert_allclose(own, engine_mask(x, y, radius, hardness, ratio, angle), atol=4e-5)


@pytest.mark.parametrize(
    ("brush", "pixels"),
    [
        ("classic/charcoal", 0.01),  # dabs moved by chance, slow tracking
        ("classic/textured_ink", 0.05),  # and resized; radius by slow speed
        ("classic/calligraphy", 0.15),  # ellipses, tracking from dab to dab, radius by pressure and speed
        ("ramon/Marker", 1.0),  # ellipses that turn with the direction: a dab further or less far
        ("kaerhon_v1/airbruch_press_a", 0.1),  # the custom input
        ("tanda/marker-01", 0.05),  # dabs by the second
        ("experimental/speed_blot", 0.1),  # offset by speed
    ],
)
def test_dabs_lie_where_libmypaint_lays_them(brush: str, pixels: float) -> None:
    painter = untrained(brush)
    strokes = random_strokes(6, np.random.default_rng(1)).astype(np.float32)
    for stroke in strokes:
        real = engine_dabs(stroke.astype(np.float64), brush)
        path = painter.pen(torch.from_numpy(stroke[None]))
        dabs = place_dabs(painter.law, painter.pen.columns, path, painter.noise, WHOLE, [len(real)])
        dabs = softened(dabs, painter.law, 0.0)
        assert abs(float(path.total) - len(real) - 0.5) < 0.5 + 0.02 * len(real)
        # The last dab of a stroke may be laid or not; the others are the engine's.
        own = torch.stack([*dabs.place, dabs.radius], 1).numpy()[:-1]
        offset = np.abs(own - real[:-1, :3])
        assert np.quantile(offset, 0.9) < pixels
        np.testing.assert_allclose(dabs.opacity[:-1].clamp(max=0.9995), real[:-1, 3].clip(max=0.9995), atol=0.05)


def test_a_pen_that_shakes_is_thrown_as_libmypaint_throws_it() -> None:
    painter = untrained("tanda/splatter-02")
    strokes = random_strokes(12, np.random.default_rng(1)).astype(np.float32)
    begun_anew = 0
    for stroke in strokes:
        real = engine_dabs(stroke.astype(np.float64), "tanda/splatter-02")
        path = painter.pen(torch.from_numpy(stroke[None]))
        assert int(path.total) == len(real)
        assert path.shaking is not None
        begun_anew += int(path.shaking.anew.sum()) - 1
        dabs = place_dabs(painter.law, painter.pen.columns, path, painter.noise, WHOLE, [len(real)], painter.pen.stream)
        dabs = softened(dabs, painter.law, 0.0)
        own = torch.stack([*dabs.place, dabs.radius], 1).numpy()
        np.testing.assert_allclose(own, real[:, :3], atol=0.05)
    assert begun_anew  # Five seconds went by unseen.


def test_noise_of_the_pen_is_refused_in_a_line_together_with_what_needs_even_steps() -> None:
    shaken = {"tracking_noise": BrushSetting(1.0, {}), "dabs_per_basic_radius": BrushSetting(2.0, {})}
    assert BrushLaw.of(shaken, "mine").shakes
    fast = shaken | {"radius_logarithmic": BrushSetting(0.0, {"speed1": ((0.0, 0.0), (1.0, 1.0))})}
    with pytest.raises(
        InvalidInputError, match=r"its radius_logarithmic follows speed1, which is not followed together with tracking"
    ):
        BrushLaw.of(fast, "mine")
    with pytest.raises(InvalidInputError, match=r"its offset_by_speed is set, which is not followed together with"):
        BrushLaw.of(shaken | {"offset_by_speed": BrushSetting(1.0, {})}, "mine")


def test_the_longest_strokes_decide_how_many_random_numbers_are_kept() -> None:
    assert painter_options(TrainingConfig(brush="classic/pen"))["dabs"] == 448
    assert longest_stroke(brush_law("kaerhon_v1/flat_bar_l")) > 10_000
    assert painter_options(TrainingConfig(brush="kaerhon_v1/flat_bar_l"))["dabs"] == 4096


def test_a_brush_of_absurdly_many_dabs_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "absurd.myb"
    document = json.loads(find_brush("classic/pen").path.read_text())
    for name, value in (("dabs_per_actual_radius", 200.0), ("elliptical_dab_ratio", 10.0)):
        document["settings"][name] = {"base_value": value, "inputs": {}}
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInputError, match=r"its longest strokes have \d\d\d,\d+ dabs, expected at most 50,000"):
        painter_options(TrainingConfig(brush=str(path)))


def test_a_line_in_pieces_goes_on_beyond_its_ends_and_steps_where_points_lie_over_each_other() -> None:
    setting = Setting(0.0, {"pressure": ((0.1, 0.0), (0.5, 1.0), (0.5, 2.0), (1.0, 2.0))})
    values = setting({"pressure": torch.tensor([0.0, 0.3, 0.5, 0.502, 1.5])})
    np.testing.assert_allclose(values, [-0.25, 0.5, 1.0, 2.0, 2.0], atol=1e-4)


def test_what_is_not_followed_is_refused_in_a_line() -> None:
    aside = {"offset_x": BrushSetting(1.0, {})}
    with pytest.raises(InvalidInputError, match=r"no painter can be trained for brush 'mine': it sets offset_x, which"):
        BrushLaw.of(aside, "mine")
    with pytest.raises(InvalidInputError, match=r"its stroke_holdtime follows random, expected a number alone"):
        brush_law("experimental/sewing")
    turning = {"direction_filter": BrushSetting(1.0, {"pressure": ((0.0, 0.0), (1.0, 1.0))})}
    with pytest.raises(InvalidInputError, match=r"its direction_filter follows pressure, expected a number alone"):
        BrushLaw.of(turning, "mine")
    strange = {"radius_logarithmic": BrushSetting(0.0, {"viewzoom": ((0.0, 0.0), (1.0, 1.0))})}
    with pytest.raises(InvalidInputError, match=r"its radius_logarithmic follows viewzoom, expected one of pressure, "):
        BrushLaw.of(strange, "mine")
