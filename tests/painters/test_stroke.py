"""The twelve numbers: checking what comes from outside, and the geometry of the curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from paintgym.errors import InvalidInputError
from paintgym.painters.stroke import (
    STROKE_FIELDS,
    STROKE_LENGTH,
    bezier_control,
    bezier_point,
    check_strokes,
    random_strokes,
)

unit = some.floats(0, 1)
points = arrays(np.float64, 2, elements=unit)
outside = some.one_of(
    some.floats(max_value=0, exclude_max=True).filter(lambda number: number < 0),
    some.floats(min_value=1, exclude_min=True),
    some.just(float("nan")),
)


@given(arrays(np.float64, some.tuples(some.integers(0, 5), some.just(STROKE_LENGTH)), elements=unit))
def test_strokes_in_range_pass_unchanged(strokes):
    checked = check_strokes(strokes)
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(checked, strokes.astype(np.float32))


@given(row=some.integers(0, 2), column=some.integers(0, STROKE_LENGTH - 1), number=outside)
def test_a_number_out_of_range_is_named_in_one_line(row, column, number):
    strokes = np.full((3, STROKE_LENGTH), 0.5)
    strokes[row, column] = number
    with pytest.raises(InvalidInputError) as error:
        check_strokes(strokes)
    assert f"stroke {row}: {STROKE_FIELDS[column]} is " in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "strokes", [0.5, np.zeros(11), np.zeros((2, 13)), np.zeros((1, 2, 12)), "strokes", None, [[0.5] * 12, [0.5] * 11]]
)
def test_what_is_not_twelve_numbers_a_stroke_is_refused(strokes):
    with pytest.raises(InvalidInputError, match="shape"):
        check_strokes(strokes)


def test_one_stroke_becomes_a_batch_of_one():
    assert check_strokes([0.5] * 12).shape == (1, 12)


@given(points, points, points)
def test_the_curve_runs_from_start_through_control_to_end(start, control, end):
    bezier = bezier_control(start, control, end)
    for t, point in ((0.0, start), (0.5, control), (1.0, end)):
        np.testing.assert_allclose(bezier_point(start, bezier, end, t), point, atol=1e-12)


@given(points, points, points, unit)
def test_the_reversed_curve_is_the_same_curve(start, control, end, t):
    there = bezier_point(start, bezier_control(start, control, end), end, t)
    back = bezier_point(end, bezier_control(end, control, start), start, 1 - t)
    np.testing.assert_allclose(there, back, atol=1e-12)


def test_random_strokes_are_uniform_and_seeded():
    strokes = random_strokes(4000, np.random.default_rng(3))
    np.testing.assert_array_equal(strokes, random_strokes(4000, np.random.default_rng(3)))
    np.testing.assert_allclose(strokes.mean(0), 0.5, atol=0.02)
    np.testing.assert_allclose(strokes.std(0), 12**-0.5, atol=0.02)
