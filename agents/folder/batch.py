"""Pictures that are painted side by side: read, painted and saved, on whichever machine that is done."""

import io
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...envs.pictures import Picture, PictureSource, load_picture, scale_picture
from ...errors import InvalidInputError, PaintgymError
from ...painters.stroke_list import StrokeList
from ...painters.style import Style
from ..agent import Agent
from ..outputs.painting import Painting
from ..progress import Progress, ProgressCallback
from .plan import FolderPlan


class Source(NamedTuple):
    """A picture that is to be painted elsewhere.

    Attributes:
        number: in its folder.
        name: what messages call it.
        content: the bytes of its file.
        wanted: whether its painting is lacking; others are painted with it because they were at first.
    """

    number: int
    name: str
    content: bytes
    wanted: bool


Batch = Sequence[Source]
"""Pictures to be painted side by side."""


class Answer(NamedTuple):
    """What became of a picture.

    Attributes:
        number: in its folder.
        complaint: why it was not painted; empty where it was.
        files: the bytes of its painting's files by their suffixes.
        warnings: of whoever read it.
    """

    number: int
    complaint: str
    files: Mapping[str, bytes]
    warnings: Sequence[str] = ()


def paint_batch(agent: Agent, plan: FolderPlan, batch: Batch) -> Iterator[Answer]:
    """Paint pictures that come as bytes, and give the bytes of their paintings' files.

    Raises:
        InvalidInputError: what is written cannot be, on this machine.
    """
    good: list[tuple[Source, Picture, list[str]]] = []
    for source in batch:
        file = io.BytesIO(source.content)
        file.name = source.name
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                picture = read_picture(file, source.name, plan)
            except InvalidInputError as error:
                yield Answer(source.number, str(error), {})
            else:
                good.append((source, picture, [_as_path(warning.message, source.name) for warning in caught]))
    if not any(source.wanted for source, _, _ in good):
        return
    paintings = paint_side_by_side(agent, plan, [picture for _, picture, _ in good], good[0][1])
    with tempfile.TemporaryDirectory(prefix="paintgym-") as folder:
        for (source, _, warned), painting in zip(good, paintings, strict=True):
            if source.wanted:
                files = {suffix: Path(folder) / f"painting{suffix}" for suffix in plan.written}
                for path in files.values():
                    save_painting(painting, plan, path)
                contents = {suffix: path.read_bytes() for suffix, path in files.items()}
                yield Answer(source.number, "", contents, warned)


def _as_path(message: object, name: str) -> str:
    return str(message).replace(f"the open file {name}", name)


def read_picture(source: PictureSource, name: str, plan: FolderPlan) -> Picture:
    """Read a picture as it is painted.

    Args:
        source: its path, or a file that is open.
        name: what messages call it.
        plan: of its folder.

    Raises:
        InvalidInputError: it cannot be read, or is too narrow.
    """
    try:
        picture = load_picture(source, paper=plan.paper)
        return picture if plan.size is None else scale_picture(picture, plan.size)
    except PaintgymError as error:
        raise InvalidInputError(_as_path(error, name) if name in str(error) else f"{name}: {error}") from None


def paint_side_by_side(
    agent: Agent,
    plan: FolderPlan,
    pictures: Sequence[Picture],
    styled: Picture,
    start: StrokeList | None = None,
    progress: ProgressCallback | None = None,
) -> list[Painting]:
    """Paint pictures of a folder.

    Args:
        agent: who paints.
        plan: of the folder.
        pictures: as they were read.
        styled: the picture that the style is chosen for.
        start: strokes that the first painting begins with.
        progress: as for ``Agent.paint``.
    """
    return agent.paint_many(
        pictures,
        plan.strokes,
        size=plan.size,
        style=Style() if plan.style is None else plan.style(styled),
        seed=plan.seed,
        progress=progress,
        starts=[] if start is None else [start],
    )


def save_painting(painting: Painting, plan: FolderPlan, file: Path) -> None:
    """Write one of a painting's files, whole or not at all."""
    painting.save(file, plan.upscale, plan.frames, plan.seconds)


class Counter:
    """Turns an agent's reports on some pictures into numbers of finished ones."""

    def __init__(self, count: int, report: Callable[[int], object]) -> None:
        self._count, self._report, self._told = count, report, 0

    def __call__(self, progress: Progress) -> None:
        """Tell of what an agent tells; the last picture is finished when it is saved."""
        self._tell(min(self._count - 1, int(progress.fraction * self._count)))

    def finish(self) -> None:
        """All are finished."""
        self._tell(self._count)

    def _tell(self, done: int) -> None:
        if done > self._told:
            self._report(done - self._told)
            self._told = done
