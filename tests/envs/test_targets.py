"""Targets: every source gives square pictures, parts never overlap, and what is missing is said in one line."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from paintgym.envs.targets import sources as module
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError, MissingDataError
from paintgym.files import data_directory
from PIL import Image


def needs(path: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not (data_directory() / path).exists(), reason=f"needs {data_directory() / path} (set PAINTGYM_DATA)"
    )


def save(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 30), (shade, shade, shade)).save(path)


def test_folder_is_searched_recursively_in_sorted_order_for_pictures_alone(tmp_path: Path) -> None:
    save(tmp_path / "b.png", 20)
    save(tmp_path / "a" / "z.JPG", 10)
    save(tmp_path / "c.webp", 30)
    (tmp_path / "notes.txt").write_text("not a picture, and not called one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_targets(tmp_path, 16)
    assert [found.name(index) for index in range(len(found))] == ["a/z", "b", "c"]
    assert [int(found.picture(index)[8, 8, 0]) for index in range(3)] == [10, 20, 30]
    assert all(found.picture(index).shape == (16, 16, 3) for index in range(3))


def test_bad_files_are_skipped_with_one_counted_warning(tmp_path: Path) -> None:
    save(tmp_path / "good.png", 50)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for suffix in ("png", "jpg", "webp"):
        noise.save(tmp_path / f"short.{suffix}")
        content = (tmp_path / f"short.{suffix}").read_bytes()
        (tmp_path / f"short.{suffix}").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "folder.png").mkdir()
    with pytest.warns(UserWarning, match="skipped 5 of 6") as caught:
        found = load_targets(str(tmp_path), 16)
    assert len(caught) == 1
    assert [found.name(index) for index in range(len(found))] == ["good"]


def test_folders_without_usable_pictures_raise(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="there are none"):
        load_targets(tmp_path)
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(InvalidInputError, match=r"first of 1 fails: .*text\.jpg is not a picture"):
        load_targets(tmp_path)


def test_files_are_decoded_when_asked_for_and_then_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def load(path: Path, *, enough: int) -> np.ndarray:
        assert enough == 16
        decoded.append(path.name)
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr(module, "load_picture", load)
    save(tmp_path / "one.png", 1)
    save(tmp_path / "two.png", 2)
    found = load_targets(tmp_path, 16)
    assert decoded == []
    for _ in range(3):
        found.picture(1)
    assert decoded == ["two.png"]


def test_a_file_that_breaks_after_listing_is_named(tmp_path: Path) -> None:
    save(tmp_path / "one.png", 1)
    found = load_targets(tmp_path, 16)
    (tmp_path / "one.png").write_bytes(b"gone bad")
    with pytest.raises(InvalidInputError, match=r"one\.png"):
        found.picture(0)


def test_a_file_an_array_and_a_list_of_arrays_are_targets(tmp_path: Path) -> None:
    save(tmp_path / "one.png", 70)
    assert (load_targets(tmp_path / "one.png", 24).picture(0) == 70).all()
    array = np.full((10, 40, 3), 90, np.uint8)
    assert (load_targets(array, 24).picture(0) == 90).all()
    several = load_targets([array, array // 2], 24)
    assert len(several) == 2
    assert (several.picture(1) == 45).all()


def test_pictures_cannot_be_spoilt_for_the_next_episode() -> None:
    picture = load_targets(np.zeros((24, 24, 3), np.uint8), 24).picture(0)
    with pytest.raises(ValueError, match="read-only"):
        picture[:] = 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nothing/of/this/name", "there is no target 'nothing/of/this/name'; expected 'shapes', 'mnist', 'paintings'"),
        ([], "list of targets is empty"),
        (np.zeros((4, 4, 3)), "expected uint8"),
        (7, "the target is a int"),
    ],
)
def test_bad_sources_raise(source: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        load_targets(source)


def test_bad_indices_splits_and_sizes_raise() -> None:
    array = np.zeros((8, 8, 3), np.uint8)
    for index in (-1, 1):
        with pytest.raises(InvalidInputError, match=f"no target {index}; expected a number from 0 to 0"):
            load_targets(array).picture(index)
    with pytest.raises(InvalidInputError, match="expected 'train' or 'test'"):
        load_targets(array, split="validation")
    with pytest.raises(InvalidInputError, match="target size is 0"):
        load_targets(array, 0)


@needs("MNIST/raw")
def test_digits_are_dark_ink_on_white_paper_and_split_as_mnist_is() -> None:
    train, test = load_targets("mnist", 64), load_targets("mnist", 64, split="test")
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.name(0) == "digit 5, train 0"
    picture = train.picture(0)
    assert picture.shape == (64, 64, 3)
    assert (picture[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    assert picture.min() < 20
    assert 0.6 < (picture > 200).mean() < 0.97


@needs("paintings/paintings.csv")
def test_paintings_are_split_so_that_no_artist_leaks() -> None:
    train, test = (load_targets("paintings", 64, split=split) for split in ("train", "test"))
    names = [{part.name(index) for index in range(len(part))} for part in (train, test)]
    artists = [{name.split(":")[0] for name in part} for part in names]
    assert not artists[0] & artists[1]
    assert len(artists[1]) >= 6
    assert 15 <= len(test) <= 30
    assert len(train) > 4 * len(test) - 20
    assert test.picture(0).shape == (64, 64, 3)


def test_adding_a_painting_moves_no_artist_to_the_other_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    artists = [f"artist {number}" for number in range(30)]

    def parts(chosen: list[str]) -> list[set[str]]:
        rows = "".join(f"{artist}.jpg,{artist},untitled\n" for artist in chosen)
        (tmp_path / "paintings").mkdir(exist_ok=True)
        (tmp_path / "paintings" / "paintings.csv").write_text("file,artist,title\n" + rows)
        found = [load_targets("paintings", split=split) for split in ("train", "test")]
        return [{part.name(index) for index in range(len(part))} for part in found]

    few, many = parts(artists[:20]), parts(artists)
    assert few[0] < many[0]
    assert few[1] <= many[1]


@pytest.mark.parametrize(("source", "place"), [("mnist", "MNIST/raw"), ("paintings", "paintings.csv")])
def test_missing_data_are_reported_with_place_and_remedy(
    source: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    with pytest.raises(MissingDataError) as caught:
        load_targets(source)
    for part in (str(tmp_path), place, "PAINTGYM_DATA"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_photographs_come_from_installed_packages() -> None:
    pytest.importorskip("skimage", reason="needs pip install paintgym[photographs]")
    pytest.importorskip("sklearn", reason="needs pip install paintgym[photographs]")
    found = load_targets("photographs", 32)
    pictures = np.stack([found.picture(index) for index in range(len(found))])
    assert pictures.shape == (8, 32, 32, 3)
    assert (pictures.std((1, 2)).mean(1) > 10).all()


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDataError, match=r"pip install paintgym\[photographs\]"):
        load_targets("photographs")


PICTURE = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)


@needs("MNIST/raw")
@pytest.mark.parametrize("size", [16, 28, 36, 64, 100])
def test_digits_are_scaled_as_three_equal_channels_would_be(size: int) -> None:
    digits = load_targets("mnist", size, split="test")
    raw = module.find_digits("test")
    for index in range(0, len(digits), 499):
        colored = np.repeat(255 - raw.ink[index][:, :, None], 3, 2)
        assert np.array_equal(digits.picture(index), module.fit_picture(colored, size))


def test_more_pictures_are_kept_than_an_epoch_of_a_small_folder_has(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = load_targets([PICTURE] * 500, 16)
    scaled = []
    monkeypatch.setattr(module, "fit_picture", lambda picture, size: scaled.append(size) or PICTURE[:size, :size])
    for _ in range(3):
        for index in range(500):
            targets.picture(index)
    assert len(scaled) == 500
