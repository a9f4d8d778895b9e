"""A folder of paintings in the making: which pictures are painted in which batches, and which are done already."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...files import check_is_no_input, clear_half_written, make_folder, write_whole
from ...parallel import work_ahead
from ..agent import Agent
from ..fingerprint import fingerprint_text
from ..large.reuse import reuse_strokes
from ..outputs.painting import Painting
from ..outputs.painting_file import read_painting_file
from .batch import Answer, Batch, Counter, Source, paint_side_by_side, read_picture, save_painting
from .listing import check_names
from .plan import STROKES_SUFFIX, FolderPlan
from .source import LocalFolder, PictureFolder
from .state import SETTINGS, FolderState

_READERS = 8
"""Pictures that are read ahead for others to paint: a bucket answers late, and many questions at once."""


class PaintedFolder:
    """A folder of paintings, which may be finished in part: as the folder of the pictures, subfolders included.

    Args:
        source: the folder of pictures; see ``find_source``.
        out: where the paintings are written; made if it does not exist.
        plan: how they are painted.
        settings: what else decides the paintings, as JSON: ``agent``, its settings and its weights' fingerprint, and
            ``style``.

    Raises:
        InvalidInputError: nothing to paint, or ``out`` cannot be written, or holds paintings with other settings,
            or other things, or a painting would be written over a picture, or over another.
    """

    def __init__(self, source: PictureFolder, out: Path, plan: FolderPlan, settings: dict[str, Any]) -> None:
        self._listing = source.listing
        self._source, self._out, self._plan = source, out, plan
        self._pictures = self._listing.pictures
        self._films: dict[Path, list[Path]] = {}
        for path in self._pictures:
            self._films.setdefault(path.parent, []).append(path)
        self._read: dict[Path, str] = {}
        check_names(self._pictures, plan.written)
        self._check_files()
        agent = settings["agent"]
        self._state = FolderState(
            out,
            {"folder": source.name, **plan.settings(), **settings},
            {
                "folder": source.name,
                **plan.former_settings(),
                **{name: agent.get(name) for name in ("agent", "loss", "policy", "painter")},
                "style": settings["style"],
            },
        )
        if self._state.former and isinstance(source, LocalFolder):
            self._take_over(source)
        clear_half_written([out / SETTINGS, *(file for path in self._pictures for file in self._files(path))])

    def __len__(self) -> int:
        """How many pictures are to be painted: new, changed, or those whose paintings were taken away."""
        return sum(not self._is_painted(path) for path in self._pictures)

    @property
    def pictures(self) -> int:
        """How many pictures there are."""
        return len(self._pictures)

    @property
    def passed_over(self) -> list[str]:
        """A line for everything in the folder that is not meant to be painted, but for what is hidden."""
        return self._listing.passed_over

    @property
    def hidden(self) -> int:
        """How many files and folders are hidden."""
        return self._listing.hidden

    def paint(self, agent: Agent, complain: Callable[[str], object], report: Callable[[int], object]) -> int:
        """Paint what is not painted.

        Args:
            agent: who paints.
            complain: called with one line for each picture that is passed over.
            report: called with the number of pictures that were finished since the last call; where some are painted
                side by side, with as many as that work would have finished one after the other.

        Returns:
            How many pictures were passed over.
        """
        with self._state.seldom():
            return sum(self._paint_batch(batch, agent, complain, report) for batch in self._unfinished())

    def _paint_batch(
        self, batch: list[Path], agent: Agent, complain: Callable[[str], object], report: Callable[[int], object]
    ) -> int:
        lacking = [path for path in batch if not self._is_painted(path)]
        for path in lacking:
            self._fingerprint(path)  # Before it is read: a picture that changes meanwhile is painted again.
        good: list[tuple[Path, Picture]] = []
        for path in batch:
            try:
                good.append((path, self._load(path)))
            except InvalidInputError as error:
                complain(f"passed over: {error}")
                report(1)
        count = sum(path in lacking for path, _ in good)
        if count:
            tell = Counter(count, report)
            for (path, _), painting in zip(good, self._decide(agent, good, tell), strict=True):
                if path in lacking:
                    self._save(path, partial(save_painting, painting, self._plan))
            tell.finish()
        return len(batch) - len(good)

    def paint_elsewhere(
        self,
        paint: Callable[[Iterator[Batch]], Iterator[Answer]],
        complain: Callable[[str], object],
        report: Callable[[int], object],
    ) -> int:
        """Paint what is not painted, by others than this process; it alone reads and writes.

        Args:
            paint: what becomes of batches: an answer for each of their pictures that is wanted, in any order.
            complain: as for ``paint``.
            report: called with the number of pictures that were finished since the last call.

        Returns:
            How many pictures were passed over.

        Raises:
            InvalidInputError: a film that follows.
        """
        if self._plan.reuse is not None:
            raise InvalidInputError("a film that follows is painted frame after frame, on one machine")
        passed_over = 0

        def pass_over(complaint: str) -> None:
            nonlocal passed_over
            complain(f"passed over: {complaint}")
            passed_over += 1
            report(1)

        with self._state.seldom():
            for answer in paint(self._batches(pass_over)):
                for warning in answer.warnings:
                    warnings.warn(warning, stacklevel=2)
                if answer.complaint:
                    pass_over(answer.complaint)
                else:
                    self._save(self._pictures[answer.number], partial(_write, answer.files))
                    report(1)
        return passed_over

    def _batches(self, pass_over: Callable[[str], object]) -> Iterator[Batch]:
        """What is to be painted, with the pictures' bytes."""
        numbers = {path: number for number, path in enumerate(self._pictures)}
        sources: list[Source] = []
        for (path, ends), content in work_ahead(self._content, self._asked(), _READERS):
            if isinstance(content, InvalidInputError):
                pass_over(str(content))
            else:
                sources.append(Source(numbers[path], self._source.call(path), content, not self._is_painted(path)))
            if ends and sources:
                yield sources
                sources = []

    def _asked(self) -> Iterator[tuple[Path, bool]]:
        """Pictures of unfinished batches, and whether each is the last of its batch."""
        for paths in self._unfinished():
            for path in paths:
                self._fingerprint(path)  # Before it is read: a picture that changes meanwhile is painted again.
                yield path, path == paths[-1]

    def _content(self, asked: tuple[Path, bool]) -> bytes | InvalidInputError:
        try:
            return self._source.read(asked[0])
        except InvalidInputError as error:
            return error

    def _save(self, path: Path, save: Callable[[Path], object]) -> None:
        fingerprint = self._fingerprint(path)
        changed = self._state.fingerprint(path) != fingerprint
        for file in self._files(path):
            if changed or not file.is_file():
                make_folder(file.parent)
                save(file)
        if changed:
            self._state.note([(path, fingerprint)], self._pictures)

    def _decide(self, agent: Agent, good: Sequence[tuple[Path, Picture]], report: Counter) -> list[Painting]:
        plan = self._plan
        path, picture = good[0]
        start, styled = None, picture
        if plan.reuse is not None and len(agent.painters) > 1:
            raise InvalidInputError("a film that follows is painted with one brush: name one", "brush")
        if plan.reuse is not None and (before := self._frame_before(path)):
            styled, previous, old = before
            if old.shape == picture.shape:
                start = reuse_strokes(read_painting_file(previous), old, picture, agent.painter, plan.reuse)
        return paint_side_by_side(agent, plan, [picture for _, picture in good], styled, start, report)

    def _frame_before(self, path: Path) -> tuple[Picture, Path, Picture] | None:
        """The film's first picture, and the strokes and picture of the last frame that was painted before this one."""
        frames = self._frames_before(path)
        last = next(filter(self._is_painted, reversed(frames)), None)
        if last is None:
            return None
        first = next(filter(self._is_painted, frames))
        strokes = self._out / last.with_name(f"{last.stem}{STROKES_SUFFIX}")
        return self._load(first), strokes, self._load(last)

    def _frames_before(self, path: Path) -> list[Path]:
        """The frames before one in its film: the pictures of a folder are one."""
        frames = self._films[path.parent]
        return frames[: frames.index(path)]

    def _load(self, path: Path) -> Picture:
        return read_picture(self._source.open(path), self._source.call(path), self._plan)

    def _unfinished(self) -> Iterator[list[Path]]:
        """Batches in which a painting is lacking; whole, so that it is painted as it would have been at first."""
        for start in range(0, len(self._pictures), self._plan.batch):
            batch = self._pictures[start : start + self._plan.batch]
            if not all(map(self._is_painted, batch)):
                yield batch

    def _is_painted(self, path: Path) -> bool:
        """Whether all files are there, of the picture as it is."""
        known = self._state.fingerprint(path)
        return known is not None and self._has_files(path) and known == self._fingerprint(path)

    def _has_files(self, path: Path) -> bool:
        return all(file.is_file() for file in self._files(path))

    def _fingerprint(self, path: Path) -> str:
        """Of a picture's bytes when they were first asked for; of a film's frame, of those of all before it too."""
        if path not in self._read:
            before = ""
            for frame in [path] if self._plan.reuse is None else [*self._frames_before(path), path]:
                if frame not in self._read:
                    self._read[frame] = fingerprint_text(before, self._source.fingerprint(frame))
                before = self._read[frame]
        return self._read[path]

    def _files(self, path: Path) -> list[Path]:
        return [self._out / path.with_name(f"{path.stem}{suffix}") for suffix in self._plan.written]

    def _check_files(self) -> None:
        """Raise InvalidInputError where a painting would be written over a picture, or cannot be written."""
        for path in self._pictures:
            for file in self._files(path):
                if file.is_dir():
                    raise InvalidInputError(f"cannot write {file}: it is a folder; name a new folder with --out")
        if isinstance(self._source, LocalFolder):
            inputs = [self._source.open(path) for path in self._pictures]
            check_is_no_input([file for path in self._pictures for file in self._files(path)], inputs)

    def _take_over(self, source: LocalFolder) -> None:
        """Go on where version 1 stopped: paintings that are younger than their pictures are of these."""
        names = [path.name for path in self._pictures if path.parent == Path()]
        if self._plan.reuse is not None and names != sorted(names):
            raise InvalidInputError(
                f"{self._out} holds a film of an earlier paintgym, which took its frames in another order; name a new "
                "folder"
            )
        done = [
            path
            for path in self._pictures
            if self._has_files(path)
            and source.open(path).is_file()
            and all(file.stat().st_mtime >= source.open(path).stat().st_mtime for file in self._files(path))
        ]
        self._state.note([(path, self._fingerprint(path)) for path in done], self._pictures)


def _write(contents: Mapping[str, bytes], file: Path) -> None:
    with write_whole(file) as temporary:
        temporary.write_bytes(contents[file.suffix])
