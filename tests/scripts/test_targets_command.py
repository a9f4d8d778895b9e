"""``paintgym targets``: what is there is counted and shown, what is missing comes with its remedy."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from paintgym.scripts.main import main
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bam(folder: Path) -> Path:
    """Forty pictures of forty projects, those of even number with a cat; the first is missing, the second broken."""
    (folder / "bam" / "images").mkdir(parents=True)
    connection = sqlite3.connect(folder / "bam" / "bam.sqlite")
    connection.execute("CREATE TABLE modules(mid INTEGER PRIMARY KEY, project_id, src, mature_content, license)")
    connection.execute("CREATE TABLE crowd_labels(mid, attribute, label)")
    for mid in range(40):
        connection.execute("INSERT INTO modules VALUES (?, ?, '', 0, '')", (mid, mid))
        label = "negative" if mid % 2 else "positive"
        connection.execute("INSERT INTO crowd_labels VALUES (?, 'content_cat', ?)", (mid, label))
        Image.new("RGB", (9, 9), (5 * mid,) * 3).save(folder / "bam" / "images" / f"{mid}.png")
    connection.commit()
    connection.close()
    (folder / "bam" / "images" / "0.png").unlink()
    (folder / "bam" / "images" / "1.png").write_bytes(b"")
    return folder / "bam"


def counted(line: str) -> list[int]:
    return [int(word) for word in line.replace(",", " ").split() if word.isdecimal()]


def test_everything_with_a_name_is_listed_with_its_numbers_or_its_remedy(
    folder: Path, bam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "paintings").mkdir()
    (folder / "paintings" / "paintings.csv").write_text("nonsense\n")
    assert main(["targets"]) == 0
    output = capsys.readouterr()
    lines = {line.split()[0]: line for line in output.out.splitlines()}
    assert set(lines) == {"shapes", "mnist", "paintings", "photographs", "bam"}
    assert all(line.startswith("paintgym: warning: ") for line in output.err.splitlines())
    assert "missing: the MNIST digits were looked for in" in lines["mnist"]
    assert "download=True" in lines["mnist"]
    assert "unusable:" in lines["paintings"]
    assert sum(counted(lines["bam"])) == 38


def test_bam_is_counted_by_part_and_attribute_and_what_was_skipped_is_said(
    bam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["targets", "bam"]) == 0
    printed, warned = capsys.readouterr()
    rows = [line.strip("│ ").split("│") for line in printed.splitlines() if line.startswith("│")]
    positive = {name.strip(): [int(count) for count in counts] for name, *counts in rows}
    assert len(positive) == 20
    assert sum(positive["content_cat"]) == 19
    assert sum(positive["content_dog"]) == 0
    assert "1 are not there" in warned
    assert "1 are broken, the first:" in warned
    assert warned.count("\n") == len(set(warned.splitlines()))
    assert main(["targets", "bam", "--bam-filter", "content_cat=positive"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("bam: "))
    assert sum(counted(line)) == 19


def test_the_contact_sheet_shows_pictures_of_the_part_spread_evenly(
    bam: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["targets", str(bam / "images" / "39.png"), "--sheet", "one.png", "--size", "20"]) == 0
    sheet = np.asarray(Image.open(folder / "one.png"))
    assert sheet.shape == (28, 28, 3)
    assert (sheet[4:24, 4:24] == 195).all()
    assert (sheet[:4] == 255).all()
    assert main(["targets", "bam", "--split", "train", "--sheet", "sheet.png", "--size", "10", "--count", "12"]) == 0
    sheet = np.asarray(Image.open(folder / "sheet.png"))
    assert sheet.shape == (2 * 14 + 4, 8 * 14 + 4, 3)
    shades = [int(sheet[row * 14 + 9, column * 14 + 9, 0]) for row in range(2) for column in range(8)]
    assert shades[:12] == sorted(set(shades[:12]))
    assert shades[12:] == [255] * 4
    assert shades[11] >= 5 * 30
    assert sorted(path.name for path in folder.iterdir()) == ["bam", "one.png", "sheet.png"]
    assert "wrote sheet.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "there is no target 'nothing'"),
        (["mnist"], "the MNIST digits were looked for"),
        (["bam", "--bam-filter", "cat=positive"], "has 'cat' where it should not; expected one of BAM's attributes"),
        (["bam", "--bam-filter", "content_cat=unsure"], "has no pictures that match 'content_cat=unsure'"),
        (["bam", "--bam-filter", "content_cat>0.5"], "no scores of content_cat"),
        (["bam/images", "--bam-filter", "content_cat=positive"], "--bam-filter chooses"),
        (["bam/images", "--sheet", "sheet.gif"], "expected a name that ends in .png"),
        (["bam/images", "--sheet", "no/sheet.png"], "cannot write"),
        (["bam/images", "--sheet", "sheet.png", "--count", "0"], "count is 0, expected a whole number from 1"),
        (["bam/images", "--sheet", "sheet.png", "--size", "100000"], "size is 100000, expected a whole number"),
        (["--sheet", "sheet.png"], "--sheet is given, but no source"),
        (["bam", "--split", "validation"], "--split"),
    ],
)
def test_mistakes_cost_one_line_and_write_nothing(
    arguments: list[str], message: str, bam: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["targets", *arguments]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("paintgym: ")
    assert complaint.count("\n") == 1
    assert message in complaint
    assert [path.name for path in folder.iterdir()] == ["bam"]


def test_a_corrupt_database_costs_one_line(bam: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bam / "bam.sqlite").write_bytes(b"nonsense" * 1_000)
    assert main(["targets", "bam"]) == 2
    complaint = capsys.readouterr().err
    assert "cannot be read as BAM's SQLite database" in complaint
    assert complaint.count("\n") == 1
