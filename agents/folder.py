"""Painting the pictures of a folder: in which order and batches, which files are there already, which are passed over.

How a picture is painted is the agent's, what a frame keeps of the one before is in ``following``.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks import check_whole
from ..envs.pictures import PICTURE_SUFFIXES, Picture, load_picture, scale_picture
from ..errors import InvalidInputError
from ..painters.stroke import CANVAS_SIZE
from ..painters.stroke_list import WHITE
from ..painters.style import Style
from ..runs import keep_settings
from .limits import LARGEST_BUDGET, LARGEST_LARGE_BUDGET, LARGEST_SIZE
from .outputs.forms import FRAMES, check_pixels
from .outputs.painting_file import read_painting_file

if TYPE_CHECKING:
    from .agent import Agent
    from .outputs.painting import Painting

SETTINGS = ".paintgym.json"
_FORMAT = {"format": "paintgym folder", "version": 1}
_WORK = "paintings of a folder"
_BATCH, _BATCH_SIZE = 8, 1024
"""So many pictures of so many pixels a side are painted side by side; larger ones fewer at a time."""
_STROKES = ".json"


def plain(picture: Picture) -> Style:
    """No limits."""
    return Style()


@dataclass(frozen=True)
class FolderPlan:
    """How the pictures of a folder are to be painted and saved.

    Attributes:
        strokes: how many each painting has.
        size: each painting's longer side in pixels; by default center squares are painted on 64x64.
        seed: of every batch.
        suffixes: the files to write for every picture.
        upscale: see ``Painting.save``.
        frames: see ``Painting.save``.
        seconds: see ``Painting.save``.
        style: limits of the strokes, for a picture.
        paper: (3,) in [0, 1], seen through what is transparent in a picture.
        own_styles: whether they differ from picture to picture.
        following: whether every picture is a frame of a film, and begins with strokes of the one before.

    Raises:
        InvalidInputError: a number out of range, files too large, or frames that follow each other without a size.
    """

    strokes: int
    size: int | None = None
    seed: int = 0
    suffixes: tuple[str, ...] = (".png",)
    upscale: int = 1
    frames: int = FRAMES
    seconds: float | None = None
    style: Callable[[Picture], Style] = field(default=plain)
    paper: tuple[float, float, float] = WHITE
    own_styles: bool = False
    following: bool = False

    def __post_init__(self) -> None:
        check_whole("strokes", self.strokes, 1, LARGEST_BUDGET if self.size is None else LARGEST_LARGE_BUDGET)
        check_whole("seed", self.seed, 0, 2**63 - 1)
        if self.size is not None:
            check_whole("size", self.size, CANVAS_SIZE, LARGEST_SIZE)
        side = self.upscale * (self.size or CANVAS_SIZE)
        for suffix in self.suffixes:
            check_pixels(suffix, side, side if self.size is None else 1, min(self.frames, self.strokes + 1))
        if self.following and self.size is None:
            raise InvalidInputError("frames follow each other only in large paintings; give a size too")

    @property
    def written(self) -> tuple[str, ...]:
        """Suffixes of the files that are written for every picture."""
        more = (_STROKES,) if self.following and _STROKES not in self.suffixes else ()
        return (*self.suffixes, *more)

    @property
    def batch(self) -> int:
        """How many pictures are painted side by side; it depends on what is asked for, never on what is there."""
        if self.following or self.own_styles or self.size is None:
            return 1
        return min(_BATCH, max(1, _BATCH * _BATCH_SIZE**2 // self.size**2))


def list_pictures(folder: Path) -> list[Path]:
    """The pictures of a folder by name, sorted; hidden ones are not meant.

    Raises:
        InvalidInputError: it cannot be read, holds none, or two whose paintings would have one name.
    """
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise InvalidInputError(f"cannot read the folder {folder}: {error.strerror}") from None
    pictures = [path for path in entries if path.suffix.lower() in PICTURE_SUFFIXES and path.name[0] != "."]
    if not pictures:
        raise InvalidInputError(f"the folder {folder} holds no pictures; expected PNG, JPEG or WebP files")
    known: dict[str, Path] = {}
    for path in pictures:
        # Some file systems take names that differ in case alone for the same.
        other = known.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise InvalidInputError(f"{other.name} and {path.name} would be painted into one file; rename one of them")
    return pictures


class PaintedFolder:
    """A folder of paintings, which may be finished in part.

    Args:
        source: the folder of pictures.
        out: where the paintings are written; made if it does not exist.
        plan: how they are painted.
        settings: what else decides the paintings, as JSON: agent, painter, and so on.

    Raises:
        InvalidInputError: nothing to paint, or ``out`` cannot be written, or holds paintings with other settings,
            or other things.
    """

    def __init__(self, source: Path, out: Path, plan: FolderPlan, settings: dict[str, Any]) -> None:
        self._pictures, self._out, self._plan = list_pictures(source), out, plan
        if out.resolve() == source.resolve():
            raise InvalidInputError(f"{out} holds the pictures themselves; name another folder for the paintings")
        kept = ("strokes", "size", "seed", "upscale", "frames", "seconds", "following")
        own = {"folder": str(source.resolve()), **{name: getattr(plan, name) for name in kept}}
        keep_settings(out, SETTINGS, {**_FORMAT, "settings": {**own, **settings}}, _WORK)
        self._clear()

    def __len__(self) -> int:
        """How many pictures are still to be painted, whole batches."""
        return sum(map(len, self._missing()))

    def paint(self, agent: "Agent", complain: Callable[[str], object], report: Callable[[int], object]) -> int:
        """Paint what is not there.

        Args:
            agent: who paints.
            complain: called with one line for each picture that is passed over.
            report: called with the number of pictures that were finished since the last call.

        Returns:
            How many pictures were passed over.
        """
        passed_over = 0
        for batch in self._missing():
            good: list[tuple[Path, Picture]] = []
            for path in batch:
                try:
                    good.append((path, self._load(path)))
                except InvalidInputError as error:
                    complain(f"passed over: {error}")
                    passed_over += 1
            for (path, _), painting in zip(good, self._decide(agent, good), strict=True):
                for file in self._files(path):
                    if not file.is_file():
                        painting.save(file, self._plan.upscale, self._plan.frames, self._plan.seconds)
            report(len(batch))
        return passed_over

    def _decide(self, agent: "Agent", good: Sequence[tuple[Path, Picture]]) -> "list[Painting]":
        plan = self._plan
        if not good:
            return []
        path, picture = good[0]
        start, style = None, plan.style(picture)
        if plan.following and (before := self._frame_before(path)):
            first, previous, old = before
            style = plan.style(first)
            stroke_list = read_painting_file(previous)
            if old.shape == picture.shape:
                from .large.reuse import follow  # which needs torch; plans are checked without

                start = follow(stroke_list, old, picture, agent.painter)
        pictures = [picture for _, picture in good]
        if plan.size is None:
            return [agent.paint(picture, plan.strokes, style=style, seed=plan.seed) for picture in pictures]
        return agent.paint_many(
            pictures, plan.strokes, size=plan.size, style=style, seed=plan.seed, starts=[start] * (start is not None)
        )

    def _frame_before(self, path: Path) -> tuple[Picture, Path, Picture] | None:
        """The film's first picture, and the strokes and picture of the last frame that was painted before this one."""
        painted = [
            (strokes, other)
            for other in self._pictures[: self._pictures.index(path)]
            if (strokes := self._out / f"{other.stem}{_STROKES}").is_file()
        ]
        if not painted:
            return None
        return self._load(painted[0][1]), painted[-1][0], self._load(painted[-1][1])

    def _load(self, path: Path) -> Picture:
        try:
            picture = load_picture(path, paper=self._plan.paper)
            return picture if self._plan.size is None else scale_picture(picture, self._plan.size)
        except InvalidInputError as error:
            named = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise InvalidInputError(named) from None

    def _missing(self) -> Iterator[list[Path]]:
        for start in range(0, len(self._pictures), self._plan.batch):
            batch = self._pictures[start : start + self._plan.batch]
            if not all(file.is_file() for path in batch for file in self._files(path)):
                yield batch

    def _files(self, path: Path) -> list[Path]:
        return [self._out / f"{path.stem}{suffix}" for suffix in self._plan.written]

    def _clear(self) -> None:
        """Take away half-written files that a killed run left."""
        names = {file.stem for path in self._pictures for file in self._files(path)}
        for path in self._out.glob(".*-*"):
            half = re.fullmatch(r"\.(.+)-[a-z0-9_]{8}", path.stem)
            if half and half[1] in names:
                path.unlink(missing_ok=True)
