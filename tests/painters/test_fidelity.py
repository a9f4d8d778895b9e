"""Figures of fidelity: they are right where the answer is known, and they find a poor painter out."""

import itertools
import json

import numpy as np
import pytest
import torch
from paintgym.painters.evaluation.fidelity import paint_all, stroke_figures
from paintgym.painters.evaluation.frechet import frechet_distance, stroke_statistics
from paintgym.painters.evaluation.stroke_groups import stroke_groups, stroke_lengths, stroke_radii
from paintgym.painters.mypaint.drawing import draw_coverage
from paintgym.painters.names import PAINTER_FILES
from paintgym.painters.registry import load_painter
from paintgym.painters.stroke import CONTROL, END, SIZE, START
from paintgym.scripts.main import main
from PIL import Image


@pytest.fixture(scope="module")
def fresh():
    return draw_coverage(150, seed=20_260_101, workers=1)


def as_neural(coverage):
    return coverage.astype(np.float32) / 255


def blurred(coverage):
    return torch.nn.functional.avg_pool2d(torch.from_numpy(as_neural(coverage)), 3, 1, 1).numpy()


def test_the_brush_itself_has_no_error(fresh):
    _, coverage = fresh
    fidelity = stroke_figures(as_neural(coverage), coverage).pooled()
    assert (fidelity.psnr > 100, fidelity.l1 < 1e-6, fidelity.iou, fidelity.detail_gap < 1e-6) == (True, True, 1, True)
    statistics = stroke_statistics(coverage)
    assert frechet_distance(statistics, stroke_statistics(as_neural(coverage))) < 1e-4


def test_smooth_ink_is_found_out(fresh):
    _, coverage = fresh
    assert stroke_figures(blurred(coverage), coverage).pooled().detail_gap > 0.5
    assert frechet_distance(stroke_statistics(coverage), stroke_statistics(blurred(coverage))) > 0.5


def test_the_distance_does_not_ask_which_stroke_is_which(fresh):
    _, coverage = fresh
    shuffled = np.random.default_rng(0).permutation(coverage)
    assert stroke_figures(as_neural(shuffled), coverage).pooled().psnr < 15
    assert frechet_distance(stroke_statistics(coverage), stroke_statistics(shuffled)) < 1e-4


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_a_statistic_off_by_one_deviation_is_a_distance_of_one(scale):
    real = np.random.default_rng(0).normal(size=(500, 4)) * scale
    shifted = real + np.eye(4)[2] * real.std(0)
    assert frechet_distance(real, shifted) == pytest.approx(1, abs=1e-6)


def test_a_statistic_of_twice_the_spread_is_a_distance_of_one():
    real = np.random.default_rng(0).normal(size=(100_000, 3))
    assert frechet_distance(real, real * [1, 2, 1]) == pytest.approx(1, abs=0.02)


def test_empty_strokes_have_statistics():
    statistics = stroke_statistics(np.zeros((3, 64, 64), np.uint8))
    assert statistics.shape == (3, 17)
    assert np.isfinite(statistics).all()


def test_figures_of_the_groups_pool_to_those_of_all(fresh):
    strokes, coverage = fresh
    figures = stroke_figures(blurred(coverage), coverage)
    for by in ("radius", "length"):
        parts = [figures.pooled(group.rows) for group in stroke_groups(strokes) if group.by == by]
        assert sum(part.strokes for part in parts) == len(strokes)
        pooled = sum(part.l1 * part.strokes for part in parts) / len(strokes)
        assert pooled == pytest.approx(figures.pooled().l1)


def test_groups_are_thirds_from_small_to_large(fresh):
    strokes, _ = fresh
    groups = [group for group in stroke_groups(strokes) if group.by == "radius"]
    assert [len(group.rows) for group in groups] == [50, 50, 50]
    assert all(before.most <= after.least for before, after in itertools.pairwise(groups))
    assert strokes[groups[0].rows, SIZE].max() <= strokes[groups[1].rows, SIZE].min()


def test_a_straight_stroke_is_as_long_as_from_end_to_end():
    stroke = np.full((1, 12), 0.5, np.float32)
    stroke[0, START], stroke[0, CONTROL], stroke[0, END] = (0.0, 0.0), (0.5, 0.5), (1.0, 1.0)
    assert stroke_lengths(stroke) == pytest.approx([64 * 2**0.5], rel=1e-5)
    assert stroke_radii(stroke) == pytest.approx([np.e], rel=1e-6)


def test_painting_all_strokes_leaves_a_painter_as_it_was():
    painter = load_painter("gan").train()
    strokes = np.random.default_rng(0).random((70, 12)).astype(np.float32)
    neural = paint_all(painter, strokes)
    assert painter.training
    torch.testing.assert_close(torch.from_numpy(neural[64:]), painter.eval()(torch.from_numpy(strokes[64:]))[:, 0])


def test_the_command_measures_every_painter_and_shows_them_side_by_side(tmp_path, capsys, brush):
    report, sheet = tmp_path / "report.json", tmp_path / "sheet.png"
    painters = ",".join(PAINTER_FILES.shipped())
    words = ["--painters", painters, "--strokes", "12", "--seed", "1", "--json", str(report), "--sheet", str(sheet)]
    assert main(["fidelity", *words]) == 0
    output = capsys.readouterr().out
    document = json.loads(report.read_text())
    assert list(document["painters"]) == PAINTER_FILES.shipped()
    assert len(document["groups"]) == 6
    for name, figures in document["painters"].items():
        assert f"{figures['psnr']:.2f}" in output
        assert all(name in group["painters"] for group in document["groups"])
    width = 4 + 64 * (1 + len(PAINTER_FILES.shipped()))
    assert Image.open(sheet).width % (2 * width) == 0


def test_too_few_strokes_for_thirds_are_refused(capsys):
    assert main(["fidelity", "--strokes", "5"]) == 2
    assert "--strokes is 5, expected a whole number, at least 6" in capsys.readouterr().err
