"""What all agents share: options, and turning a picture into a painting. Which strokes, each agent decides."""

import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..painters.canvas import paint_strokes
from ..envs.core import PaintingCore, PaintingState
from ..envs.losses.loss import Loss
from ..envs.losses.registry import make_loss
from ..envs.pictures import fit_picture, load_picture, scale_picture
from ..painters.pixels import to_tensor, to_uint8
from ..errors import InvalidInputError
from ..painters.registry import load_painter
from ..painters.stroke import CANVAS_SIZE
from ..painters.stroke_list import StrokeList, on_one_canvas
from ..painters.style import Style, StyledPainter
from .large.canvas import LargeCanvas, WindowBatch, paint_large
from ..painters.painter import NamedPainter
from .outputs.painting import Painting

LARGEST_BUDGET = 5000
LARGEST_LARGE_BUDGET = 100_000
LARGEST_SIZE = 4096


@dataclass(frozen=True)
class Progress:
    """How far a painting has come.

    Attributes:
        strokes: how many strokes there are by now.
        loss: what the agent minimises, as far as it is known.
        fraction: part of the work that is done, in [0, 1].
        strokes_so_far: (T, 12) in [0, 1], what was painted by now, from agents that can tell; not to be changed.
        canvas: (3, H, W) in [0, 1], a large painting as it is now; not to be changed, and painted on afterwards.
    """

    strokes: int
    loss: float
    fraction: float
    strokes_so_far: Tensor | None = None
    canvas: Tensor | None = None


ProgressCallback = Callable[[Progress], None]


class Decision(NamedTuple):
    """What an agent came to.

    Attributes:
        strokes: (T, 12) in [0, 1], in painting order.
        canvas: (1, 3, 64, 64) in [0, 1] with these strokes on it, from agents that painted them already.
    """

    strokes: Tensor
    canvas: Tensor | None = None


class Agent(ABC):
    """Decides the strokes of a painting.

    Args:
        painter: name or ``.safetensors`` file of a neural painter, or one that is already loaded.
        loss: ``"mse"``, ``"vgg19"``, or a ``Loss`` that is already loaded.

    Raises:
        InvalidInputError: unknown painter or loss.
        MissingDataError: the loss needs weights that are not there.
    """

    name: ClassVar[str]

    def __init__(self, *, painter: str | Path | NamedPainter = "gan", loss: str | Loss = "mse") -> None:
        self.painter = load_painter(painter) if isinstance(painter, str | Path) else painter
        self.loss = make_loss(loss) if isinstance(loss, str) else loss

    def paint(
        self,
        image: str | Path | Image.Image | NDArray[np.uint8],
        stroke_budget: int = 200,
        *,
        size: int | None = None,
        grid: int | None = None,
        style: Style | None = None,
        seed: int = 0,
        progress: ProgressCallback | None = None,
    ) -> Painting:
        """Paint a picture.

        Args:
            image: path, PIL image or (H, W, 3) uint8 array.
            stroke_budget: how many strokes; all are used. 1 to 5000 on the small canvas, to 100,000 on large ones.
            size: the painting's longer side in pixels, 64 to 4096: the whole picture is painted, through windows coarse
                to fine. By default its centre square is painted on one canvas of 64x64.
            grid: with ``size``, the side in pixels of a single grid of windows, 64 or more, instead of all sizes.
            style: limits that all strokes keep, and the paper's colour.
            seed: the same seed gives the same strokes, on the same machine with the same number of threads.
            progress: called now and then.

        Raises:
            InvalidInputError: a picture that cannot be read, or a budget, size or seed out of range.
        """
        if size is not None:
            (painting,) = self.paint_large(
                [image], stroke_budget, size=size, grid=grid, style=style, seed=seed, progress=progress
            )
            return painting
        if grid is not None:
            raise InvalidInputError("a grid of windows is for large paintings; give a size too")
        style = style or Style()
        check_whole("stroke_budget", stroke_budget, 1, LARGEST_BUDGET)
        check_whole("seed", seed, 0, 2**63 - 1)
        target = to_tensor(fit_picture(load_picture(image), CANVAS_SIZE))
        started = time.perf_counter()
        core = self._core(stroke_budget, style)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            paper = torch.tensor(style.background)[:, None, None].expand(target.shape).contiguous()
            state = core.initial(target, canvas=paper)
            decision = self._decide(core, state, generator, progress or (lambda _: None))
            strokes, canvas = style.finish(decision.strokes), decision.canvas
            if canvas is None or not torch.equal(strokes, decision.strokes):
                canvas = paint_strokes(state.canvas, strokes[None], self.painter)
            loss = float(core.loss(canvas, state.target_features))
        return Painting(
            image=to_uint8(canvas)[0],
            listing=on_one_canvas(strokes.numpy(), CANVAS_SIZE, style.background),
            loss=loss,
            loss_name=self.loss.name,
            seconds=time.perf_counter() - started,
            agent=self.name,
            painter=self.painter,
            seed=seed,
        )

    def paint_large(
        self,
        images: Sequence[str | Path | Image.Image | NDArray[np.uint8]],
        stroke_budget: int,
        *,
        size: int,
        grid: int | None = None,
        style: Style | None = None,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        starts: Sequence[StrokeList | None] = (),
    ) -> list[Painting]:
        """Paint pictures of any shape through windows, side by side.

        Args:
            images: paths, PIL images or (H, W, 3) uint8 arrays.
            stroke_budget: how many strokes for each, 1 to 100,000; all are used.
            size: each painting's longer side in pixels, 64 to 4096.
            grid: the side in pixels of a single grid of windows, 64 or more, instead of all sizes.
            style: limits that all strokes keep, and the paper's colour.
            seed: seeds all of them together.
            progress: called now and then.
            starts: strokes that each painting begins with, which count; by default all begin on bare paper.

        Raises:
            InvalidInputError: a picture that cannot be read, or a budget, size or seed out of range.
        """
        check_whole("stroke_budget", stroke_budget, 1, LARGEST_LARGE_BUDGET)
        check_whole("size", size, CANVAS_SIZE, LARGEST_SIZE)
        check_whole("seed", seed, 0, 2**63 - 1)
        if grid is not None:
            check_whole("grid", grid, CANVAS_SIZE, LARGEST_SIZE)
        style, report = style or Style(), progress or (lambda _: None)
        canvases = [
            LargeCanvas(scale_picture(load_picture(image), size), stroke_budget, style.background, grid)
            for image in images
        ]
        started = time.perf_counter()
        for canvas, start in zip(canvases, starts, strict=False):
            if start is not None:
                canvas.begin(start, self.painter)
        generator = torch.Generator().manual_seed(seed)

        def tell(fraction: float) -> None:
            error = float(torch.stack([canvas.error for canvas in canvases]).mean())
            shown = canvases[0].canvas if len(canvases) == 1 else None
            report(Progress(sum(map(len, canvases)), error, fraction, canvas=shown))

        def lay(batch: WindowBatch) -> list[Tensor]:
            return [style.finish(strokes) for strokes in self._lay(batch, style, generator)]

        paint_large(canvases, lay, self.painter, tell)
        seconds = (time.perf_counter() - started) / max(1, len(canvases))
        return [
            Painting(
                image=to_uint8(canvas.canvas),
                listing=canvas.listing,
                loss=self._measure(canvas),
                loss_name=self.loss.name,
                seconds=seconds,
                agent=self.name,
                painter=self.painter,
                seed=seed,
            )
            for canvas in canvases
        ]

    @torch.no_grad()
    def _measure(self, large: LargeCanvas) -> float:
        return float(self.loss(large.canvas[None], self.loss.features(large.target[None])))

    def _lay(self, batch: WindowBatch, style: Style, generator: torch.Generator) -> list[Tensor]:
        """Strokes (count, 12) for each window of a batch; here one after the other."""
        return [
            self._decide(*self._stage(before, wanted, count, style), generator, lambda _: None).strokes
            for before, wanted, count in zip(batch.canvas, batch.target, batch.counts, strict=True)
        ]

    def _core(self, stroke_budget: int, style: Style) -> PaintingCore:
        painter = self._styled_painter(style)
        return PaintingCore(painter, self.loss, stroke_budget=stroke_budget, strokes_per_step=stroke_budget)

    def _styled_painter(self, style: Style) -> NamedPainter:
        """The painter to decide strokes by: with the style's limits, where it has any."""
        return StyledPainter(self.painter, style) if style.limits else self.painter

    def _stage(self, canvas: Tensor, target: Tensor, count: int, style: Style) -> tuple[PaintingCore, PaintingState]:
        """To paint some strokes on one canvas (3, 64, 64)."""
        core = self._core(count, style)
        return core, core.initial(target[None], canvas=canvas[None])

    @abstractmethod
    def _decide(
        self, core: PaintingCore, state: PaintingState, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        """Decide core.stroke_budget strokes for the target of a state, on top of its canvas."""


def load_agent(name: str, **options: Any) -> Agent:
    """Make an agent.

    Args:
        name: ``"random"``, ``"greedy"``, ``"gradient"``, ``"policy"`` or ``"policy+gradient"``.
        options: keywords of the agent's class, such as ``painter`` and ``loss``.

    Raises:
        InvalidInputError: unknown agent or option, or an option out of range.
        MissingDataError: the loss needs weights that are not there.
    """
    agents = _agents()
    if name not in agents:
        raise InvalidInputError(f"there is no agent {name!r}; expected one of {', '.join(agents)}")
    choices = list(inspect.signature(agents[name]).parameters)
    for option in options:
        if option not in choices:
            raise InvalidInputError(f"the agent {name!r} has no option {option!r}; expected {', '.join(choices)}")
    return agents[name](**options)


def _agents() -> dict[str, type[Agent]]:
    from .gradient import GradientAgent
    from .greedy import GreedyAgent
    from .policy_agent import PolicyAgent
    from .random_agent import RandomAgent
    from .refine_agent import RefiningAgent

    return {agent.name: agent for agent in (RandomAgent, GreedyAgent, GradientAgent, PolicyAgent, RefiningAgent)}


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise InvalidInputError unless ``value`` is a whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise InvalidInputError(f"{name} is {value!r}, expected a whole number from {low} to {high}")


def check_positive(name: str, value: Any) -> None:
    """Raise InvalidInputError unless ``value`` is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise InvalidInputError(f"{name} is {value!r}, expected a number above 0")
