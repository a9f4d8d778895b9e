"""What every agent is: a decision on strokes for half-painted canvases, and from it a painting of any size."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..checks import check_whole
from ..envs.losses.loss import Loss
from ..envs.losses.registry import make_loss
from ..envs.pictures import PictureSource, fit_picture, load_picture, scale_picture
from ..errors import InvalidInputError
from ..painters.device import check_is_on, device_of, find_device
from ..painters.modes import plain_torch
from ..painters.names import DEFAULT_BRUSH
from ..painters.painter import Painter, StrokeFunction
from ..painters.pixels import to_uint8
from ..painters.registry import make_painter
from ..painters.stroke import CANVAS_SIZE
from ..painters.stroke_list import StrokeList
from ..painters.style import Style
from ..runs import settings_of
from .config import AgentConfig, make_config
from .fingerprint import fingerprint_arrays
from .large.canvas import WindowedCanvas, paint_passes
from .large.level import LevelRefinement
from .large.plan import plan_passes, whole_canvas
from .large.window_batch import Decision, WindowBatch, finish
from .limits import LARGEST_BUDGET, LARGEST_LARGE_BUDGET, LARGEST_SIZE
from .outputs.painting import Painting
from .progress import Progress, ProgressCallback, StopPainting

_MEASURED_AT_ONCE = 64
"""Small paintings: bounds memory."""


class Agent(ABC):
    """Decides the strokes of a painting.

    Args:
        config: settings, an instance of the class's ``Config``; its defaults by default.
        painter: name or ``.safetensors`` file of a neural painter, or one that is already loaded.
        brush: the MyPaint brush that the painter is to have learned, such as ``"deevad/chalk"``, or several: on large
            paintings the first is for the largest windows, the last for the smallest. By default the painter's own.
        loss: ``"mse"``, ``"lite"``, ``"vgg19"``, or a ``Loss`` that is already loaded.
        device: where it paints, such as ``"cuda"``; by default where the painter is that was given, else on the CPU.
        options: fields of the settings, in place of those of ``config``.

    Raises:
        InvalidInputError: unknown painter, loss or option, an option out of range, a device that torch cannot use here,
            or a painter or loss that is on another.
        MissingDataError: the loss needs weights that are not there.
    """

    name: ClassVar[str]
    Config: ClassVar[type[AgentConfig]]
    config: AgentConfig

    def __init__(
        self,
        config: Any = None,
        *,
        painter: str | Path | Painter | StrokeFunction = "gan",
        brush: str | Sequence[str] | None = None,
        loss: str | Loss = "mse",
        device: str | torch.device | None = None,
        **options: Any,
    ) -> None:
        self.config = make_config(self.name, self.Config, config, options)
        self.device = find_device(device_of(painter) if device is None else device)
        self.painters = [make_painter(painter, self.device, one) for one in _brushes(brush)]
        self.painter = self.painters[0]
        self.loss = make_loss(loss, self.device) if isinstance(loss, str) else loss
        for what, module in (("painter", self.painter), ("loss", self.loss)):
            check_is_on(what, module, self.device)

    def settings(self) -> dict[str, Any]:
        """All settings that decide which strokes are laid, as JSON."""
        brushes = [painter.brush for painter in self.painters]
        named = {} if brushes == [DEFAULT_BRUSH] else {"brushes": brushes}
        own = settings_of(self.config)
        return {"agent": self.name, "painter": self.painter.name, **named, "loss": self.loss.name, **own}

    @property
    def networks(self) -> list[nn.Module]:
        """Everything with weights that decide which strokes are laid."""
        return [*self.painters, self.loss]

    def fingerprint(self) -> str:
        """A short text that tells all weights apart: of painter, loss and, where there is one, policy."""
        weights = [weight for network in self.networks for weight in network.state_dict().values()]
        return fingerprint_arrays(weight.detach().cpu().numpy() for weight in weights)

    def to(self, device: torch.device) -> None:
        """Paint there from now on."""
        self.device = device
        for network in self.networks:
            network.to(device)

    def paint(
        self,
        image: PictureSource,
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
            image: whatever ``load_picture`` reads: a path, bytes, a PIL image, an array or a tensor. The paper is seen
                through what is transparent.
            stroke_budget: how many strokes; all are used. 1 to 5000 on the small canvas, to 100,000 on large ones.
            size: the painting's longer side in pixels, 64 to 4096: the whole picture is painted, through windows coarse
                to fine. By default its center square is painted on one canvas of 64x64, which is its only window.
            grid: with ``size``, the side in pixels of a single grid of windows, 64 or more, instead of all sizes.
            style: limits that all strokes keep, and the paper's color.
            seed: the same seed gives the same strokes, on the same machine with the same number of threads.
            progress: called now and then; it may raise ``StopPainting``, and the painting ends with what there is.

        Raises:
            InvalidInputError: a picture that cannot be read, or a budget, size or seed out of range.
        """
        options: dict[str, Any] = {"size": size, "grid": grid, "style": style, "seed": seed, "progress": progress}
        (painting,) = self.paint_many([image], stroke_budget, **options)
        return painting

    @plain_torch()
    def paint_many(
        self,
        images: Sequence[PictureSource],
        stroke_budget: int = 200,
        *,
        size: int | None = None,
        grid: int | None = None,
        style: Style | None = None,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        starts: Sequence[StrokeList | None] = (),
    ) -> list[Painting]:
        """Paint pictures side by side, as ``paint`` paints one; what is not told here is told there.

        Args:
            images: the pictures, of any shapes.
            stroke_budget: strokes of each.
            size: as for ``paint``.
            grid: as for ``paint``.
            style: as for ``paint``.
            seed: of each: what a picture becomes does not depend on the others, but for the last digits of sums.
            progress: called now and then with what is true of all of them; it may raise ``StopPainting``.
            starts: strokes that each painting begins with, which count; by default all begin on bare paper.

        Raises:
            InvalidInputError: a picture that cannot be read, or a budget, size or seed out of range.
        """
        if size is None and len(self.painters) > 1:
            raise InvalidInputError("brush names several, which need a size, and windows coarse to fine", "brush")
        style, report = style or Style(), progress or (lambda _: None)
        most = LARGEST_BUDGET if size is None else LARGEST_LARGE_BUDGET
        stroke_budget = check_whole("stroke_budget", stroke_budget, 1, most)
        seed = check_whole("seed", seed, 0, 2**63 - 1)
        started = time.perf_counter()
        canvases = self._start(images, stroke_budget, size, grid, style, starts, seed)
        under_way: Sequence[Tensor] = ()

        def decide(batch: WindowBatch) -> list[Decision]:
            def tell(part: Progress) -> None:
                nonlocal under_way
                under_way = part.each
                report(_within(part, batch, canvases))

            nonlocal under_way
            decisions = finish(self.decide(batch, style, tell), style)
            under_way = ()
            return decisions

        def tell_pass(fraction: float) -> None:
            if size is not None:
                report(_as_a_whole(fraction, canvases))

        try:
            paint_passes(canvases, decide, self.painters, tell_pass, self.level_refinement(style))
        except StopPainting:
            # Those of small paintings are laid only once all of them are decided.
            for canvas, strokes in zip(canvases, under_way, strict=False):
                decisions = finish([Decision(strokes.detach().clone())], style)
                canvas.composite(canvas.passes[0].windows, decisions, self.painter)
        seconds = (time.perf_counter() - started) / max(1, len(canvases))
        at_once = _MEASURED_AT_ONCE if size is None else 1
        parts = [canvases[first : first + at_once] for first in range(0, len(canvases), at_once)]
        return [painting for part in parts for painting in self._hand_over(part, seconds, seed)]

    @abstractmethod
    def decide(self, batch: WindowBatch, style: Style, report: ProgressCallback) -> list[Decision]:
        """Decide the strokes of a batch of windows.

        Args:
            batch: half-painted windows, and how many strokes each is to get.
            style: limits that the strokes keep.
            report: to be called now and then with how far this batch has come.
        """

    def level_refinement(self, style: Style) -> LevelRefinement | None:
        """What moves the strokes of a large painting that lie in windows of one size; nothing by default."""
        return None

    def _start(
        self,
        images: Sequence[PictureSource],
        stroke_budget: int,
        size: int | None,
        grid: int | None,
        style: Style,
        starts: Sequence[StrokeList | None],
        seed: int,
    ) -> list[WindowedCanvas]:
        """Paper for each picture, with the strokes that it begins with."""
        if size is None:
            if grid is not None:
                raise InvalidInputError("a grid of windows is for paintings with a size")
        else:
            size = check_whole("size", size, CANVAS_SIZE, LARGEST_SIZE)
            grid = None if grid is None else check_whole("grid", grid, CANVAS_SIZE, LARGEST_SIZE)
        canvases = []
        for image in images:
            picture = load_picture(image, paper=style.background)
            picture = fit_picture(picture, CANVAS_SIZE) if size is None else scale_picture(picture, size)
            height, width = picture.shape[:2]
            passes = (
                whole_canvas(CANVAS_SIZE, stroke_budget)
                if size is None
                else plan_passes(width, height, stroke_budget, grid, self.config.plan)
            )
            canvases.append(WindowedCanvas(picture, passes, style.background, seed, self.device))
        for canvas, start in zip(canvases, starts, strict=False):
            if start is not None:
                canvas.start_with(start, {painter.brush: painter for painter in self.painters})
        return canvases

    @torch.no_grad()
    def _hand_over(self, canvases: Sequence[WindowedCanvas], seconds: float, seed: int) -> list[Painting]:
        """Finished paintings of one shape, which a GPU is asked for together."""
        canvas, target = (_stack([getattr(one, part) for one in canvases]) for part in ("canvas", "target"))
        losses: list[float] = self.loss(canvas, self.loss.features(target)).cpu().tolist()
        strokes = torch.cat([one.strokes for one in canvases]).cpu().split([len(one) for one in canvases])
        return [
            Painting(
                image=image,
                stroke_list=one.as_list(own),
                loss=loss,
                loss_name=self.loss.name,
                seconds=seconds,
                agent=self.name,
                painter=self.painters[0],
                painters=self.painters,
                seed=seed,
                settings=self.settings(),
            )
            for one, image, own, loss in zip(canvases, to_uint8(canvas), strokes, losses, strict=True)
        ]


def _brushes(brush: str | Sequence[str] | None) -> list[str | None]:
    brushes: list[str | None] = [brush] if brush is None or isinstance(brush, str) else [*brush]
    if not brushes or len(set(brushes)) < len(brushes):
        raise InvalidInputError(f"brush is {brush!r}, expected one name of a brush or several, each once", "brush")
    return brushes


def _stack(pictures: Sequence[Tensor]) -> Tensor:
    """Pictures (3, H, W) as (N, 3, H, W); a large one alone is not copied."""
    return torch.stack([*pictures]) if len(pictures) > 1 else pictures[0][None]


def _within(part: Progress, batch: WindowBatch, canvases: Sequence[WindowedCanvas]) -> Progress:
    """Progress of a batch as that of the paintings that it is a part of."""
    each = [
        torch.cat([canvas.strokes, own]) if len(canvas) else own
        for canvas, own in zip(canvases, part.each, strict=False)
    ]
    return Progress(
        sum(map(len, canvases)) + part.strokes, part.loss, batch.done + batch.share * part.fraction, each=each
    )


def _as_a_whole(fraction: float, canvases: Sequence[WindowedCanvas]) -> Progress:
    error = float(torch.stack([canvas.error for canvas in canvases]).mean())
    progress = Progress(sum(map(len, canvases)), error, fraction)
    if len(canvases) > 1:
        return progress
    (canvas,) = canvases
    return replace(progress, canvas=canvas.canvas, stroke_list=canvas.stroke_list, settled=canvas.settled)
