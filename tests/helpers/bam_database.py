"""A BAM of a few rows for the tests: the release's SQLite, pictures, and what is found in them."""

import sqlite3
from pathlib import Path

from paintgym.envs.targets.bam.filter import ATTRIBUTES
from paintgym.envs.targets.targets import Targets, load_targets
from paintgym.errors import InvalidInputError
from PIL import Image

Row = dict[str, object]
"""mid, project, mature; "scores", "crowd" and "automatic" map attributes to a score or a label."""


def row(mid: int, **more: object) -> Row:
    return {"mid": mid, "project": mid, "mature": 0, "scores": {}, "crowd": {}, "automatic": {}, **more}


def write_database(path: Path, rows: list[Row], *, later: bool = False) -> None:
    """The release's schema; the ``later`` one has labels by machine too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    tables = [("scores", "REAL")] + [("automatic_labels", "TEXT")] * later
    connection.execute(
        "CREATE TABLE modules(mid INTEGER PRIMARY KEY, project_id, src TEXT, mature_content, license TEXT)"
    )
    connection.execute("CREATE TABLE crowd_labels(mid, attribute, label)")
    for table, kind in tables:
        connection.execute(f"CREATE TABLE {table}(mid, {', '.join(f'{name} {kind}' for name in ATTRIBUTES)})")
    for entry in rows:
        mid = entry["mid"]
        source = f"https://example.org/{mid}.jpg"
        connection.execute(
            "INSERT INTO modules VALUES (?, ?, ?, ?, '')", (mid, entry["project"], source, entry["mature"])
        )
        for attribute, label in entry["crowd"].items():
            connection.execute("INSERT INTO crowd_labels VALUES (?, ?, ?)", (mid, attribute, label))
        for (table, _), values in zip(tables, (entry["scores"], entry["automatic"]), strict=False):
            if values:
                places = ", ".join("?" * (1 + len(ATTRIBUTES)))
                connection.execute(
                    f"INSERT INTO {table} VALUES ({places})", (mid, *(values.get(name) for name in ATTRIBUTES))
                )
    connection.commit()
    connection.close()


def write_picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 8), (shade, shade, shade)).save(path)


def parts(bam_filter: str | None = None) -> dict[str, Targets]:
    """Both parts, or the one that is not empty."""
    found = {}
    for split in ("train", "test"):
        try:
            found[split] = load_targets("bam", 8, split=split, bam_filter=bam_filter)
        except InvalidInputError as error:
            if "has no pictures" not in str(error) and "none of them in the part" not in str(error):
                raise
    return found


def mids(bam_filter: str | None = None) -> set[int]:
    return {
        int(part.name(index).removeprefix("bam ")) for part in parts(bam_filter).values() for index in range(len(part))
    }
