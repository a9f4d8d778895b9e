"""BAM, the Behance Artistic Media set: choosing pictures by what its database says. Nothing here opens a picture.

The release (https://bam-dataset.org) is a database without pictures: ``modules`` (mid, project_id, src, mature_content,
license), ``scores`` and ``crowd_labels``, and later ``automatic_labels``. Users fetch the addresses in ``modules.src``
themselves and keep them as ``<attribute>/<mid>.jpg`` or ``<mid>.<suffix>``. Described in Wilber et al., "BAM! The
Behance Artistic Media Dataset for Recognition Beyond Photography", 2017.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InvalidInputError, MissingDataError
from ....files import data_directory
from .files import BamFiles, BamPictures
from .filter import ATTRIBUTES, BamFilter, condition_sql, parse_filter

_DATABASE_SUFFIXES = (".sqlite", ".sqlite3", ".db")
_MODULES_COLUMNS = {"mid", "project_id", "mature_content"}
_TEST_PROJECTS_ONE_IN = 10
_ROW = np.dtype([("mid", np.int64), ("project", np.int64)])
# Only a plain no is harmless: a NULL, or a word that is not here, counts as mature.
_HARMLESS = "lower(modules.mature_content) IN ('0', '0.0', 'f', 'false', 'n', 'no')"
_HOW_TO_GET = (
    "get the SQLite file from https://bam-dataset.org, download pictures from the addresses in its modules.src as "
    "images/<attribute>/<mid>.jpg or images/<mid>.jpg beside it, and set PAINTGYM_DATA to the folder that holds bam/"
)


class Bam:
    """BAM's database and pictures in a folder. Both are only read.

    Args:
        folder: holds one ``.sqlite``, ``.sqlite3`` or ``.db`` file, and pictures at any depth; by default ``bam`` in
            the data folder.

    Raises:
        MissingDataError: no database, or no pictures.
        InvalidInputError: the database cannot be read or is not BAM's, or there are several.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        root = Path(folder or data_directory() / "bam").absolute()
        self._database = _find_database(root)
        self._columns = self._read_columns()
        if not self._columns.get("modules", set()) >= _MODULES_COLUMNS:
            raise InvalidInputError(
                f"{self._database} is not BAM's: it has no table modules with {', '.join(sorted(_MODULES_COLUMNS))}; "
                "get the SQLite file from https://bam-dataset.org"
            )
        self._files = BamFiles(root)
        if not len(self._files.mids):
            raise MissingDataError(f"no pictures of BAM (<mid>.jpg, .png or .webp) are in {root}: {_HOW_TO_GET}")

    def select(self, filter_text: str | None, split: Literal["train", "test"]) -> BamPictures:
        """Choose pictures that are there and whole; damage inside a file goes unnoticed until it is loaded.

        Args:
            filter_text: in the language of ``bam_filter``; None takes all that are not flagged as mature.
            split: all pictures of a project are in the same part, a tenth of the projects in ``"test"``.

        Raises:
            InvalidInputError: bad filter, or no picture left.

        Warns:
            UserWarning: pictures that match are missing or broken, with their numbers.
        """
        wanted = parse_filter(filter_text)
        rows = self._rows(wanted)
        matching = "" if filter_text is None else f" that match {filter_text!r}"
        if not len(rows):
            aside = "" if wanted.mature else ", leaving aside what is flagged as mature"
            raise InvalidInputError(f"{self._database} has no pictures{matching}{aside}; expected a looser filter")
        part = rows[_is_test_project(rows["project"]) == (split == "test")]
        if not len(part):
            raise InvalidInputError(
                f"{self._database} has {len(rows):,} pictures{matching}, but none of them in the part {split!r}; "
                "expected a looser filter"
            )
        return self._files.find_whole(np.sort(part["mid"]), f"pictures of {self._database.parent}{matching}")

    def count_positive(self, pictures: BamPictures) -> dict[str, int]:
        """How many of ``pictures`` carry the label positive, for each attribute; 0 where there are no labels."""
        positive = np.zeros((len(pictures), len(ATTRIBUTES)), bool)
        mids = pictures.mids.tolist()
        row = {mid: index for index, mid in enumerate(mids)}
        chosen = (json.dumps(mids),)
        among = "WHERE mid IN (SELECT value FROM json_each(?))"
        with self._connection() as connection:
            if self._columns.get("automatic_labels", set()) >= {"mid", *ATTRIBUTES}:
                query = f"SELECT mid, {', '.join(ATTRIBUTES)} FROM automatic_labels {among}"
                for mid, *labels in connection.execute(query, chosen):
                    positive[row[mid]] = [label == "positive" for label in labels]
            if self._columns.get("crowd_labels", set()) >= {"mid", "attribute", "label"}:
                query = f"SELECT mid, attribute, label FROM crowd_labels {among}"
                for mid, attribute, label in connection.execute(query, chosen):
                    if attribute in ATTRIBUTES:
                        positive[row[mid], ATTRIBUTES.index(attribute)] = label == "positive"
        return dict(zip(ATTRIBUTES, positive.sum(0).tolist(), strict=True))

    def _rows(self, wanted: BamFilter) -> NDArray[np.void]:
        """Numbers and projects of the pictures that match, (N,) of _ROW."""
        clauses = ["modules.mid IS NOT NULL"]
        values: list[float | str] = []
        if not wanted.mature:
            clauses.append(_HARMLESS)
        if wanted.condition:
            clause, values = condition_sql(wanted.condition, self._columns)
            clauses.append(clause)
        # Pictures of unknown projects count as one project, so that they stay together.
        query = (
            "SELECT CAST(modules.mid AS INTEGER), CAST(ifnull(modules.project_id, 0) AS INTEGER) FROM modules "
            f"WHERE {' AND '.join(clauses)}"
        )
        with self._connection() as connection:
            return np.fromiter(connection.execute(query, values), _ROW)

    def _read_columns(self) -> dict[str, set[str]]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT tables.name, columns.name "
                "FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns"
            ).fetchall()
        columns: dict[str, set[str]] = {}
        for table, column in rows:
            columns.setdefault(table, set()).add(column)
        return columns

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # Immutable: nothing is written, not even a lock or a log's index, and a folder that is read-only will do.
        address = f"{self._database.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise InvalidInputError(
                f"{self._database} cannot be read as BAM's SQLite database ({error}); download it again"
            ) from None


def _find_database(folder: Path) -> Path:
    """The database in ``folder``.

    Raises:
        MissingDataError: there is none.
        InvalidInputError: there are several, or it is being written.
    """
    try:
        files = sorted(folder.iterdir())
    except OSError:
        files = []
    databases = [path for path in files if path.suffix.lower() in _DATABASE_SUFFIXES and path.is_file()]
    if not databases:
        raise MissingDataError(f"BAM was looked for in {folder} ({', '.join(_DATABASE_SUFFIXES)} file): {_HOW_TO_GET}")
    if len(databases) > 1:
        names = ", ".join(path.name for path in databases)
        raise InvalidInputError(f"{folder} holds {len(databases)} databases ({names}), expected one; move the others")
    for path in files:
        # The rows in such a file belong to the database, and an immutable one is read without them.
        if path.name in (f"{databases[0].name}-wal", f"{databases[0].name}-journal") and path.stat().st_size:
            raise InvalidInputError(
                f"{databases[0]} is being changed ({path.name} is there); close the program that does so, or open it "
                "once more with sqlite3 to complete the change"
            )
    return databases[0]


def _is_test_project(projects: NDArray[np.int64]) -> NDArray[np.bool_]:
    """By a hash of the number alone, so that a larger release never moves a project to the other part.

    The hash is the output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", 2014).
    """
    mixed = projects.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(mixed % np.uint64(_TEST_PROJECTS_ONE_IN) == 0)
