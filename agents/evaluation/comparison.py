"""Comparing agents and painters: the same pictures, budgets and seed for each. What comes of it, report/ sums up."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...checks import check_whole
from ...envs.pictures import Picture
from ...envs.targets.targets import Targets
from ...errors import InvalidInputError
from ...painters.mypaint.engine import MyPaintEngine, paint_list
from ...parallel import count_threads
from ..agent import Agent
from ..fingerprint import fingerprint_arrays
from ..limits import MOST_TOGETHER
from ..outputs.painting import Painting
from ..progress import Progress
from .digits import READ, READ_ORIGINAL, READ_REPLAY, DigitReader, digit_of, load_digit_reader
from .metrics import Measure, peak_signal_to_noise
from .seams import SEAMS, seam_energy
from .trials import Trial


@dataclass(frozen=True)
class Source:
    """Pictures of one kind, and how many strokes they are painted with.

    Attributes:
        targets: the pictures.
        numbers: which of them.
        budgets: numbers of strokes; each picture is painted with each.
    """

    targets: Targets
    numbers: Sequence[int]
    budgets: Sequence[int]


@dataclass(frozen=True)
class Task:
    """One painting to be made."""

    agent: int
    """Number of the agent."""
    source: str
    picture: str
    strokes: int
    target: Picture


@dataclass(frozen=True)
class Comparison:
    """Every agent paints every picture with every budget; each painting is judged by every measure.

    Args:
        agents: who paints. The same agent with two painters counts as two.
        sources: pictures by the name of where they are from.
        measures: what judges the paintings.
        seed: seeds every painting.
        replay: whether the strokes are also painted by the real MyPaint brush, and that canvas judged.
        size: side of the paintings, where they are large; the sources' pictures are as large.
        grid: side of a single grid of windows that large paintings are painted through, instead of all sizes.
        curve_points: canvases of a painting, from paper to the last stroke, that its curve over strokes has.
        history_points: losses over time that are kept of a painting at most.
        together: pictures that an agent paints side by side at most: quicker, by far so on a GPU. Their seconds are
            then each one's share, and of losses over time only the last is kept.
    """

    agents: Sequence[Agent]
    sources: Mapping[str, Source]
    measures: Sequence[Measure]
    seed: int = 0
    replay: bool = True
    size: int | None = None
    grid: int | None = None
    curve_points: int = 9
    history_points: int = 40
    together: int = 1

    def __post_init__(self) -> None:
        if check_whole("together", self.together, 1, MOST_TOGETHER) > 1:
            limited = [agent.name for agent in self.agents if getattr(agent.config, "time_limit", None) is not None]
            if limited:
                raise InvalidInputError(
                    f"together is {self.together}, but {limited[0]} has a time limit, which pictures that are painted "
                    "side by side would share; give one of the two"
                )

    def tasks(self) -> list[Task]:
        """All paintings to be made, in the order of sources, pictures, budgets and agents."""
        return [
            Task(agent, name, source.targets.name(number), budget, source.targets.picture(number))
            for name, source in self.sources.items()
            for number in source.numbers
            for budget in source.budgets
            for agent in range(len(self.agents))
        ]

    def groups(self, tasks: Sequence[Task]) -> list[list[int]]:
        """Numbers of those tasks that are painted side by side: by one agent, with one budget, of one source."""
        kinds: dict[tuple[int, str, int], list[int]] = {}
        for number, task in enumerate(tasks):
            kinds.setdefault((task.agent, task.source, task.strokes), []).append(number)
        most = self.together
        groups = [kind[first : first + most] for kind in kinds.values() for first in range(0, len(kind), most)]
        return sorted(groups)

    def settings(self, workers: int) -> dict[str, Any]:
        """All that decides the result, as JSON: names, numbers, and fingerprints of weights and pictures."""
        devices = {str(agent.device) for agent in self.agents}
        return {
            "agents": [{**agent.settings(), "fingerprint": agent.fingerprint()} for agent in self.agents],
            "sources": {
                name: {
                    "pictures": len(source.numbers),
                    "strokes": list(source.budgets),
                    "fingerprint": fingerprint_arrays(source.targets.picture(number) for number in source.numbers),
                }
                for name, source in self.sources.items()
            },
            "measures": [measure.name for measure in self.measures],
            "replay": self.replay,
            "seed": self.seed,
            "curve_points": self.curve_points,
            "history_points": self.history_points,
            **({} if self.size is None else {"size": self.size, "grid": self.grid}),
            **({} if self.together == 1 else {"together": self.together}),
            **({} if devices == {"cpu"} else {"devices": sorted(devices)}),
            # Another number of threads adds floats up in another order, and Adam makes much of little.
            "threads": count_threads(workers),
        }


class TrialRunner:
    """Makes and judges paintings; goes to workers whole, weights and all.

    Raises:
        MissingLibraryError: strokes are to be replayed, and libmypaint or its brushes are not installed.
    """

    def __init__(self, comparison: Comparison) -> None:
        self._agents = comparison.agents
        self._measures = comparison.measures
        self._seed = comparison.seed
        self._replay = comparison.replay
        self._size, self._grid = comparison.size, comparison.grid
        self._curve_points, self._history_points = comparison.curve_points, comparison.history_points
        if self._replay:
            MyPaintEngine()

    @cached_property
    def _reader(self) -> DigitReader:
        return load_digit_reader()

    def __call__(self, tasks: Sequence[Task]) -> list[Trial]:
        """Paint side by side what one agent is to paint with one budget; then replay and judge."""
        first, history = tasks[0], _LossHistory()
        paintings = self._agents[first.agent].paint_many(
            [task.target for task in tasks],
            first.strokes,
            seed=self._seed,
            progress=history if len(tasks) == 1 else None,
            size=self._size,
            grid=self._grid,
        )
        return [self._judge(*pair, history) for pair in zip(tasks, paintings, strict=True)]

    def _judge(self, task: Task, painting: Painting, history: "_LossHistory") -> Trial:
        frames = list(painting.frames(self._curve_points))
        replay = np.rint(paint_list(painting.stroke_list) * 255).astype(np.uint8) if self._replay else None
        canvases = np.stack(frames if replay is None else [*frames, replay])
        figures, curve = {}, {"strokes": np.linspace(0, task.strokes, len(frames)).round().tolist()}
        for measure in self._measures:
            values = measure(canvases, task.target)
            curve[measure.name] = values[: len(frames)]
            figures[measure.name] = values[len(frames) - 1]
            if replay is not None:
                figures[f"replay {measure.name}"] = values[-1]
        if replay is not None:
            figures["replay psnr"] = peak_signal_to_noise(painting.image, replay)
        if self._size is not None:
            figures[SEAMS] = seam_energy(painting.image, task.target, painting.stroke_list)
        figures["seconds"] = painting.seconds
        figures |= self._readings(task, painting.image, replay)
        return Trial(
            agent=painting.agent,
            painter=self._agents[task.agent].painter.label,
            source=task.source,
            picture=task.picture,
            strokes=task.strokes,
            seed=painting.seed,
            minimized=painting.loss_name,
            figures=figures,
            curve=curve,
            history=[*history.thinned(self._history_points, painting.seconds), (painting.seconds, painting.loss)],
            target=task.target,
            image=painting.image,
            replay=replay,
        )

    def _readings(self, task: Task, image: Picture, replay: Picture | None) -> dict[str, float]:
        """Of a digit: whether the original, the canvas and the replay are read as what it is, 1 or 0 for each."""
        digit = digit_of(task.picture)
        if digit is None:
            return {}
        canvases = {READ_ORIGINAL: task.target, READ: image, READ_REPLAY: replay}
        shown = {name: canvas for name, canvas in canvases.items() if canvas is not None}
        read = self._reader.read(np.stack(list(shown.values())))
        return {name: float(number == digit) for name, number in zip(shown, read, strict=True)}


class _LossHistory:
    """Notes what an agent reports while it paints: seconds since it began, and the loss."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._points: list[tuple[float, float]] = []

    def __call__(self, progress: Progress) -> None:
        self._points.append((time.perf_counter() - self._started, progress.loss))

    def thinned(self, most: int, end: float) -> list[tuple[float, float]]:
        """At most so many of the points, spread evenly from the first to the last, none after the painting's end.

        An agent starts its own clock a moment later than this one.
        """
        numbers = np.linspace(0, len(self._points) - 1, min(most, len(self._points))).round().astype(int)
        return [(min(self._points[number][0], end), self._points[number][1]) for number in numbers]


def choose_pictures(targets: Targets, count: int) -> list[int]:
    """At most ``count`` numbers of targets, spread evenly from the first to the last."""
    numbers: list[int] = np.linspace(0, len(targets) - 1, min(count, len(targets))).round().astype(int).tolist()
    return numbers
