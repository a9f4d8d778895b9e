"""BAM: the right pictures in the right part, nothing mature unasked, the database untouched."""

import copy
import sqlite3
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from helpers.bam_database import mids, parts, row, write_database, write_picture
from paintgym.envs.targets.bam import files as bam_files
from paintgym.envs.targets.bam.database import Bam
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError
from torch import Tensor


def no_ink(strokes: Tensor) -> Tensor:
    return strokes.new_zeros(len(strokes), 1, 64, 64)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    return tmp_path / "bam"


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("layout", ["images/media_comic/{}.jpg", "images/{}.png", "{}.webp", "content_cat/{}.JPEG"])
def test_pictures_are_found_in_every_layout_and_schema(layout: str, later: bool, folder: Path) -> None:
    rows = [row(mid, scores={"media_comic": mid / 100}, crowd={"content_cat": "positive"}) for mid in range(5, 100, 5)]
    write_database(folder / "20170509-bam.sqlite", rows, later=later)
    for entry in rows:
        write_picture(folder / layout.format(entry["mid"]), entry["mid"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mids("media_comic>=0.5 and content_cat=positive") == set(range(50, 100, 5))
        found = parts("media_comic>=0.5")
    for part in found.values():
        for index in range(len(part)):
            assert part.picture(index).shape == (8, 8, 3)
            assert abs(int(part.picture(index)[4, 4, 0]) - int(part.name(index).removeprefix("bam "))) <= 1


def test_what_people_said_outranks_what_the_machine_said(folder: Path) -> None:
    rows = [
        row(1, crowd={"content_dog": "positive"}, automatic={"content_dog": "negative"}),
        row(2, crowd={"content_dog": "negative"}, automatic={"content_dog": "positive"}),
        row(3, crowd={"content_cat": "negative"}, automatic={"content_dog": "positive"}),
        row(4, automatic={"content_dog": "unsure"}),
    ]
    write_database(folder / "bam.db", rows, later=True)
    for entry in rows:
        write_picture(folder / f"{entry['mid']}.png", 0)
    assert mids("content_dog=positive") == {1, 3}
    assert mids("content_dog=negative") == {2}
    assert mids("content_dog=unsure") == {4}
    assert mids("content_cat=positive") == set()
    selection = [Bam().select("content_dog=positive", split) for split in parts("content_dog=positive")]
    counts = [Bam().count_positive(pictures) for pictures in selection]
    assert sum(count["content_dog"] for count in counts) == 2
    assert sum(count["content_cat"] for count in counts) == 0


def test_no_project_leaks_and_no_picture_changes_its_part(folder: Path) -> None:
    generator = np.random.default_rng(0)
    projects = generator.integers(-(2**62), 2**62, 80).tolist()
    rows = [
        row(mid, project=projects[generator.integers(80)], scores={"media_comic": generator.random()})
        for mid in range(400)
    ]
    write_database(folder / "bam.sqlite", rows)
    for entry in rows:
        write_picture(folder / f"{entry['mid']}.png", 0)
    project = {entry["mid"]: entry["project"] for entry in rows}

    def split_mids(bam_filter: str | None) -> tuple[set[int], set[int]]:
        train, test = (Bam().select(bam_filter, split).mids.tolist() for split in ("train", "test"))
        assert train == sorted(train)
        return set(train), set(test)

    train, test = split_mids(None)
    assert not {project[mid] for mid in train} & {project[mid] for mid in test}
    assert train | test == set(range(400))
    assert 10 <= len(test) <= 90
    few_train, few_test = split_mids("media_comic<0.5")
    assert few_train < train
    assert few_test < test
    (folder / "bam.sqlite").unlink()
    write_database(folder / "bam.sqlite", rows[100:])
    assert split_mids(None) == (train - set(range(100)), test - set(range(100)))


def test_pictures_of_unknown_projects_stay_together(folder: Path) -> None:
    rows = [row(mid, project=None) for mid in range(50)]
    write_database(folder / "bam.sqlite", rows)
    for mid in range(50):
        write_picture(folder / f"{mid}.png", 0)
    assert sorted(len(part) for part in parts().values()) == [50]


@pytest.mark.parametrize("flag", [1, "1", 1.0, "true", "True", "t", "yes", 2, None, "", "?", b"\x00"])
def test_what_is_flagged_as_mature_is_loaded_only_when_asked_for(flag: object, folder: Path) -> None:
    rows = [row(1, mature=flag, scores={"media_comic": 1.0}), row(2, scores={"media_comic": 0.9})]
    write_database(folder / "bam.sqlite", rows)
    for mid in (1, 2):
        write_picture(folder / f"{mid}.png", 0)
    for text in (
        None,
        "media_comic>0.5",
        "media_comic>=1 or media_comic<1",
        "(media_comic>0.95) or media_comic=unsure",
    ):
        assert 1 not in mids(text)
    assert mids("with mature") == {1, 2}
    assert mids("media_comic>0.95 WITH Mature") == {1}


@pytest.mark.parametrize("flag", [0, "0", 0.0, "false", "False", "f", "no", False])
def test_a_plain_no_is_not_mature(flag: object, folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(1, mature=flag)])
    write_picture(folder / "1.png", 0)
    assert mids() == {1}


def test_missing_and_broken_pictures_are_counted_in_one_warning(folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(mid, project=1) for mid in range(10, 30)])
    for mid in range(10, 20):
        write_picture(folder / "images" / f"{mid}.jpg", mid)
    (folder / "images" / "10.jpg").write_bytes(b"")
    (folder / "images" / "11.jpg").write_text("<html>404</html>")
    for suffix in ("jpg", "png"):
        write_picture(folder / f"12.{suffix}", 0)
        content = (folder / f"12.{suffix}").read_bytes()
        (folder / f"12.{suffix}").write_bytes(content[:-20])
    (folder / "images" / "12.jpg").unlink()
    write_picture(folder / "images" / "content_cat" / "11.jpg", 200)  # a second copy, and this one is whole
    with pytest.warns(UserWarning, match=r"skipped 12 of 20 .*: 10 are not there, 2 are broken, the first: ") as caught:
        found = load_targets("bam", 8)
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)
    assert [found.name(index) for index in range(len(found))] == ["bam 11", *(f"bam {mid}" for mid in range(13, 20))]
    assert abs(int(found.picture(0)[0, 0, 0]) - 200) <= 1


def test_pictures_are_decoded_when_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def load(path: Path, *, enough: int) -> np.ndarray:
        decoded.append(path.name)
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr(bam_files, "load_picture", load)
    write_database(folder / "bam.sqlite", [row(mid, project=1) for mid in (1, 2, 3)])
    for mid in (1, 2, 3):
        write_picture(folder / f"{mid}.jpg", 0)
    found = load_targets("bam", 8)
    assert decoded == []
    for _ in range(3):
        found.picture(1)
    assert decoded == ["2.jpg"]


def test_files_that_are_not_numbers_are_nobodys_pictures(folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(mid, project=1) for mid in (7, 8)])
    for name in ("8.png", "07.png", "+7.png", "7a.png", "\u0667.png", f"{'7' * 30}.png", "7.txt.png", ".7.png"):
        write_picture(folder / name, 0)
    (folder / "7.txt").write_text("")
    (folder / "circle").symlink_to(folder)
    assert bam_files.BamFiles(folder).mids.tolist() == [8]
    with pytest.warns(UserWarning, match="skipped 1 of 2 .*: 1 are not there$"):
        assert len(load_targets("bam", 8)) == 1


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_database_is_never_written(journal: str, folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(1, scores={"media_comic": 1.0})])
    connection = sqlite3.connect(folder / "bam.sqlite")
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.close()
    write_picture(folder / "1.png", 0)
    before = (folder / "bam.sqlite").read_bytes()
    assert mids("media_comic>0.5") == {1}
    assert (folder / "bam.sqlite").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["1.png", "bam.sqlite"]


def test_environments_take_the_filter_and_their_spec_stays_json(folder: Path) -> None:
    rows = [row(mid, project=1, scores={"media_comic": mid / 10}) for mid in range(10)]
    write_database(folder / "bam.sqlite", rows)
    for entry in rows:
        write_picture(folder / f"{entry['mid']}.png", 20 * entry["mid"])
    arguments = {"target": "bam", "bam_filter": "media_comic>=0.9", "perceptual": "mse", "size": 16}
    spec = copy.deepcopy(gymnasium.spec("paintgym/Painting-v0"))
    spec.kwargs.update(arguments)
    env = gymnasium.make(EnvSpec.from_json(spec.to_json()), painter=no_ink)
    vector = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, painter=no_ink, **arguments)
    for observation in (env.reset(seed=0)[0], *vector.reset(seed=0)[0]):
        assert (observation[3:6] == 180).all()
    with pytest.raises(InvalidInputError, match="expected one of BAM's attributes: media_comic"):
        gymnasium.make("paintgym/Painting-v0", **{**arguments, "bam_filter": "comic>=0.9"})
