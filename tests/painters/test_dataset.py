"""Stroke shards: reproducible, whole or absent, resumable, and readable in Kaggle's layout as in ours."""

import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from paintgym.errors import InvalidInputError, MissingDataError
from paintgym.painters.mypaint.dataset import StrokeShards, coverage_from_color, draw_coverage, write_shards
from paintgym.painters.mypaint.engine import MyPaintEngine
from paintgym.painters.stroke import COLOR


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_coverage_is_the_engines_and_depends_on_the_seed_alone():
    strokes, coverage = draw_coverage(300, seed=5, workers=2)
    alone, alone_coverage = draw_coverage(300, seed=5, workers=1)
    np.testing.assert_array_equal(strokes, alone)
    np.testing.assert_array_equal(coverage, alone_coverage)
    np.testing.assert_allclose(coverage[7] / 255, MyPaintEngine().stroke(strokes[7]), atol=0.5 / 255 + 1e-6)
    assert not np.array_equal(strokes, draw_coverage(300, seed=6, workers=1)[0])


def test_progress_counts_every_stroke_once(tmp_path):
    counts = []
    draw_coverage(300, seed=0, workers=1, progress=counts.append)
    assert sum(counts) == 300
    for _ in range(2):  # drawn, then found
        counts.clear()
        write_shards(tmp_path, 50, seed=0, shard_size=20, workers=1, progress=counts.append)
        assert sum(counts) == 50


def test_shards_have_kaggles_layout_and_show_each_stroke_in_its_color_on_white(tmp_path):
    paths = write_shards(tmp_path, 25, seed=1, shard_size=10, workers=1)
    assert [path.name for path in paths] == ["episodes_0.npz", "episodes_1.npz", "episodes_2.npz"]
    with np.load(paths[1]) as shard:
        actions, strokes = shard["actions"], shard["strokes"]
    assert actions.shape == (10, 12)
    assert actions.dtype == np.float64
    assert strokes.shape == (10, 64, 64, 3)
    assert strokes.dtype == np.uint8
    np.testing.assert_allclose(strokes[3] / 255, MyPaintEngine().paint(actions[3]), atol=0.5 / 255 + 1e-6)
    with np.load(paths[2]) as shard:
        assert len(shard["actions"]) == 5


def test_a_shard_depends_on_seed_and_index_alone(tmp_path):
    few, many = (
        write_shards(tmp_path / "few", 20, 1, 10, workers=1),
        write_shards(tmp_path / "many", 30, 1, 10, workers=2),
    )
    other = write_shards(tmp_path / "other", 20, 2, 10, workers=1)
    assert [path.read_bytes() for path in few] == [path.read_bytes() for path in many[:2]]
    assert few[0].read_bytes() != other[0].read_bytes()
    assert few[0].read_bytes() != few[1].read_bytes()


def test_resuming_keeps_whole_shards_and_gives_the_same_bytes(tmp_path):
    paths = write_shards(tmp_path, 40, seed=3, shard_size=10, workers=1)
    before, kept = contents(tmp_path), paths[0].stat().st_mtime_ns
    paths[1].unlink()
    paths[3].unlink()
    (tmp_path / ".episodes_3-half.npz").write_bytes(b"half a shard of a killed run")
    write_shards(tmp_path, 40, seed=3, shard_size=10, workers=1)
    assert contents(tmp_path) == before
    assert paths[0].stat().st_mtime_ns == kept


@pytest.mark.slow
@pytest.mark.usefixtures("brush")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_leaves_whole_shards_only_and_can_be_resumed(tmp_path, number):
    command = [sys.executable, "-m", "paintgym.scripts.main", "strokes", "--out", str(tmp_path)]
    options = ["--count", "100000", "--shard-size", "100", "--workers", "2"]
    # A shell's background jobs ignore Ctrl-C, and so would what they start.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=heed)
    while not (tmp_path / "episodes_1.npz").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    shards = StrokeShards(tmp_path)
    assert 2 <= len(shards.paths) < 1000
    assert sum(len(actions) for actions, _ in shards) + shards.dropped == 100 * len(shards.paths)
    leftovers = [path for path in tmp_path.iterdir() if path not in shards.paths]
    assert len(leftovers) <= (number == signal.SIGKILL)
    write_shards(tmp_path, 100 * (len(shards.paths) + 1), seed=0, shard_size=100, workers=1)
    assert len(list(tmp_path.iterdir())) == len(shards.paths) + 1


def test_the_loader_gives_the_coverage_that_was_drawn(tmp_path):
    write_shards(tmp_path, 60, seed=4, shard_size=40, workers=1)
    shards = StrokeShards(tmp_path)
    actions, coverage = (np.concatenate(parts) for parts in zip(*shards, strict=True))
    assert len(actions) + shards.dropped == 60
    assert actions.dtype == np.float32
    assert coverage.dtype == np.uint8
    drawn = MyPaintEngine().coverage(actions)
    # Rounding a picture to bytes costs more the nearer its color is to white.
    contrast = np.linalg.norm(1 - actions[:, COLOR], axis=1)[:, None, None]
    assert (np.abs(coverage / 255 - drawn) < 0.5 / 255 + 0.9 / 255 / contrast).all()


def kaggle_shard(path: Path, actions: np.ndarray, strokes: np.ndarray) -> None:
    np.savez_compressed(path, strokes=strokes, actions=actions)


def test_the_loader_reads_kaggle_shards_in_order_and_drops_white_strokes(tmp_path):
    actions = np.random.default_rng(0).random((3, 12))
    actions[:, COLOR] = [(0.2, 0.4, 1.0), (1.0, 0.99, 1.0), (0.0, 0.0, 0.0)]
    coverage = np.zeros((3, 64, 64, 1))
    coverage[:, 10:20, 30:40] = 0.5
    colors = actions[:, None, None, COLOR]
    strokes = np.rint(255 * (1 - coverage + coverage * colors)).astype(np.uint8)
    kaggle_shard(tmp_path / "episodes_10.npz", actions[:2], strokes[:2])
    kaggle_shard(tmp_path / "episodes_9.npz", actions[2:], strokes[2:])
    (tmp_path / ".episodes_1-half.npz").write_bytes(b"half")
    shards = StrokeShards(tmp_path)
    read, ink = (np.concatenate(parts) for parts in zip(*shards, strict=True))
    np.testing.assert_allclose(read, actions[[2, 0]], atol=1e-6)
    assert shards.dropped == 1
    np.testing.assert_allclose(ink[1] / 255, coverage[0, ..., 0], atol=1.5 / 255)


@given(some.lists(some.floats(0, 1), min_size=3, max_size=3), some.floats(0, 1))
def test_coverage_is_found_again_from_any_color_that_can_be_seen(color, coverage):
    picture = np.rint(255 * (1 - coverage * (1 - np.array(color)))).astype(np.uint8)
    found = coverage_from_color(np.broadcast_to(picture, (1, 2, 2, 3)), np.array([color]))
    assert ((found >= 0) & (found <= 1)).all()
    contrast = np.linalg.norm(1 - np.array(color))
    if contrast > 0.13:
        np.testing.assert_allclose(found, coverage, atol=0.9 / 255 / contrast)


def test_a_cut_shard_is_named_as_not_whole(tmp_path):
    (path,) = write_shards(tmp_path, 20, seed=0, workers=1)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InvalidInputError, match=r"episodes_0\.npz is not a whole stroke shard"):
        list(StrokeShards(tmp_path))


@pytest.mark.parametrize(
    ("actions", "strokes"),
    [
        (np.zeros((2, 11)), np.zeros((2, 64, 64, 3), np.uint8)),
        (np.zeros((2, 12)), np.zeros((3, 64, 64, 3), np.uint8)),
        (np.zeros((2, 12)), np.zeros((2, 64, 64, 3))),
        (np.full((2, 12), 1.5), np.zeros((2, 64, 64, 3), np.uint8)),
    ],
)
def test_shards_of_wrong_shape_type_or_range_are_refused(tmp_path, actions, strokes):
    kaggle_shard(tmp_path / "episodes_0.npz", actions, strokes)
    with pytest.raises(InvalidInputError, match=r"episodes_0\.npz"):
        list(StrokeShards(tmp_path))


def test_a_shard_without_its_arrays_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "episodes_0.npz", "w") as archive:
        archive.writestr("other.npy", b"")
    with pytest.raises(InvalidInputError, match=r"actions\.npy"):
        list(StrokeShards(tmp_path))


def test_other_strokes_of_the_same_name_are_never_overwritten(tmp_path):
    write_shards(tmp_path, 20, seed=0, shard_size=10, workers=1)
    before = contents(tmp_path)
    with pytest.raises(InvalidInputError, match="another folder"):
        write_shards(tmp_path, 20, seed=1, shard_size=10, workers=1)
    assert contents(tmp_path) == before


def test_a_missing_folder_and_an_empty_one_say_how_to_draw_strokes(tmp_path):
    for source in (tmp_path, tmp_path / "missing"):
        with pytest.raises(MissingDataError, match="paintgym strokes"):
            StrokeShards(source)


@pytest.mark.parametrize("bad", [{"count": 0}, {"seed": -1}, {"shard_size": 0}, {"workers": 0}, {"count": 2.5}])
def test_numbers_out_of_range_are_refused_before_anything_is_made(tmp_path, bad):
    folder = tmp_path / "strokes"
    with pytest.raises(InvalidInputError, match="expected a whole number"):
        write_shards(folder, **{"count": 10, "seed": 0, "shard_size": 10, **bad})
    assert not folder.exists()
