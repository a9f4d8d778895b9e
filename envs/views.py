"""Views: what a policy sees of a half-painted picture, and what its numbers mean.

The canvas view shows everything, and an action's points are places on the whole canvas. The focus view shows a window
about the place of the largest error, and points and color are relative to it: a policy need not learn the same thing
again for every place of a picture.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..checks import check_positive, check_whole, shown
from ..errors import InvalidInputError
from ..painters.stroke import COLOR, CONTROL, END, START, STROKE_LENGTH
from .state import PaintingState

OBSERVATION_CHANNELS = 7
"""Of the canvas view: canvas, target, and the strokes left."""
BUDGET_LEVELS = 30.0
"""Levels, of 255, for every factor of e in the strokes left: 4,913 strokes and more look alike."""


class View(ABC):
    """What a policy sees, and what its numbers mean. Views have no state: where a window lies is the environment's."""

    name: str

    @abstractmethod
    def shape(self, size: int) -> tuple[int, int, int]:
        """Channels, height and width of an observation of canvases of ``size`` pixels."""

    def find_focus(self, canvas: Tensor, target: Tensor) -> Tensor | None:
        """Where to look, (B, 2) as x, y in pixels, at canvases and targets (B, 3, size, size); None for everywhere."""
        return None

    @abstractmethod
    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """What an observation is made of: values in [0, 1] that expand to (B, channels, h, w), and their channels."""

    def observe(self, state: PaintingState) -> Tensor:
        """Observations (B, C, h, w) in [0, 1], with gradients to the canvas."""
        _, height, width = self.shape(state.canvas.shape[-1])
        return _join(self.parts(state), height, width)

    @abstractmethod
    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """Strokes (B, T, 12) in [0, 1] of an action's numbers (B, T, 12) in [-1, 1], with gradients."""

    @abstractmethod
    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """The action's numbers (B, T, 12) that mean strokes (B, T, 12): the inverse of ``strokes``.

        Exact for strokes that an action reaches; beyond, numbers lie outside [-1, 1].
        """


@dataclass(frozen=True)
class CanvasView(View):
    """Canvas, target and strokes left, (7, size, size); every number of a stroke is (action + 1) / 2."""

    name = "canvas"

    def shape(self, size: int) -> tuple[int, int, int]:
        """(7, size, size)."""
        return OBSERVATION_CHANNELS, size, size

    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """See ``View``."""
        return _whole(state.canvas, state.target, state.strokes_left.to(state.canvas.dtype))

    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """See ``View``."""
        return ((numbers + 1) / 2).clamp(0, 1)

    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """See ``View``."""
        return strokes * 2 - 1


@dataclass(frozen=True)
class FocusView(View):
    """A window about the place of the largest blurred error.

    The observation has 7 channels for each scale, and one for all: the target (red, green, blue), the residual, (target
    - canvas + 1) / 2 (red, green, blue), and 1 inside the canvas; then the strokes left, as the canvas view shows them.

    Of an action, pressures and brush size are (action + 1) / 2. With f the focus in parts of the canvas and r half the
    side of the first scale's window in the same parts, a point is f + r * (action + o), where o is (-0.25, 0) for the
    start, (0.25, 0) for the end, and 0 for the middle: so the action of zeros is a short stroke at the focus, where
    gradients live. The color is the target's at the focus plus ``color_reach`` times the action. What lies outside
    [0, 1] is clipped.
    """

    window: int = 24
    """Side of an observation in pixels, and of the window on the canvas at scale 1; even or odd."""
    scales: tuple[int, ...] = (1,)
    """Windows of so many times that side, seen by as many pixels; the first decides what points mean, and is at most
    as large as the canvas."""
    blur: int = 7
    """Side in pixels of the square over which the squared error is averaged before its largest is found; odd."""
    find: str = "error"
    """What is to be largest: the averaged squared error, or, with ``"residual"``, the square of the averaged residual.
    Texture that no stroke gets right keeps its error, which the focus would never leave; its residual averages out."""
    color_reach: float = 0.35
    """How far a color may be from the target's at the focus."""
    color_blur: int = 1
    """Side in pixels of the square over which the target's color at the focus is averaged; odd, 1 for its pixel alone.
    In texture one pixel's color is not that of a stroke."""
    tie_noise: float = 0.02
    """A fixed pattern, this large a part, on the error: before an even target it tells where to begin."""

    name = "focus"

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", check_whole("the view's window", self.window, 4, 1024))
        object.__setattr__(self, "blur", check_whole("the view's blur", self.blur, 1, 101))
        if not isinstance(self.scales, list | tuple):
            raise InvalidInputError(f"the view's scales are {shown(self.scales)}, expected a list such as [1, 2]")
        scales = tuple(check_whole("a scale of the view", scale, 1, 64) for scale in self.scales)
        object.__setattr__(self, "scales", scales)
        check_positive("the view's color_reach", self.color_reach)
        if self.find not in ("error", "residual"):
            raise InvalidInputError(f"the view's find is {shown(self.find)}, expected 'error' or 'residual'")
        object.__setattr__(self, "color_blur", check_whole("the view's color_blur", self.color_blur, 1, 101))
        if not scales or self.blur % 2 == 0 or self.color_blur % 2 == 0:
            raise InvalidInputError("the view needs at least one scale, and an odd blur and color_blur")

    @property
    def side(self) -> int:
        """Of the first scale's window, in pixels of the canvas: as far as an action's points reach, half each way."""
        return self.window * self.scales[0]

    def shape(self, size: int) -> tuple[int, int, int]:
        """(7 * scales + 1, window, window).

        Raises:
            InvalidInputError: the window is larger than the canvas.
        """
        if self.side > size:
            scaled = f", {self.scales[0]} times {self.window}" if self.scales[0] > 1 else ""
            raise InvalidInputError(
                f"the view's window is {self.side}{scaled}, expected at most the canvas's size of {size}"
            )
        return 7 * len(self.scales) + 1, self.window, self.window

    @torch.no_grad()
    def find_focus(self, canvas: Tensor, target: Tensor) -> Tensor:
        """See ``View``: the middle of the pixel with the largest blurred error."""
        residual = canvas - target
        if self.find == "residual":
            residual = F.avg_pool2d(residual, self.blur, stride=1, padding=self.blur // 2)
        error = residual.square().sum(1, keepdim=True)
        if self.find == "error":
            error = F.avg_pool2d(error, self.blur, stride=1, padding=self.blur // 2)
        size = error.shape[-1]
        index = (error + 1e-9).mul(_pattern(size, self.tie_noise, error)).flatten(1).argmax(1)
        return torch.stack([index % size, index.div(size, rounding_mode="floor")], 1).to(canvas.dtype) + 0.5

    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """See ``View``."""
        assert state.focus is not None
        residual = (state.target - state.canvas + 1) / 2
        shown = torch.cat([state.target, residual, torch.ones_like(state.target[:, :1])], 1)
        crops = [(self._crop(shown, state.focus, scale), 7) for scale in self.scales]
        return [*crops, (budget_plane(state.strokes_left.to(shown.dtype)), 1)]

    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """See ``View``."""
        middle, offset, color = self._origin(state)
        reach = self.side / 2 / state.target.shape[-1]
        strokes = (numbers + 1) / 2
        points = middle.expand_as(numbers) + reach * (numbers + offset)
        colors = color + self.color_reach * numbers
        place, paint = _masks(numbers)
        return torch.where(place, points, torch.where(paint, colors, strokes)).clamp(0, 1)

    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """See ``View``."""
        middle, offset, color = self._origin(state)
        reach = self.side / 2 / state.target.shape[-1]
        place, paint = _masks(strokes)
        points, colors = (strokes - middle) / reach - offset, (strokes - color) / self.color_reach
        return torch.where(place, points, torch.where(paint, colors, strokes * 2 - 1))

    def _crop(self, shown: Tensor, focus: Tensor, scale: int) -> Tensor:
        """Bilinear, (B, C, window, window), empty beyond the canvas; ``scale`` pixels in one."""
        size = shown.shape[-1]
        if scale > 1:
            shown = F.avg_pool2d(shown, scale, stride=1, padding=0)  # so that fine detail does not alias
        inner = shown.shape[-1]
        steps = (torch.arange(self.window, device=shown.device, dtype=shown.dtype) + 0.5 - self.window / 2) * scale
        places = focus[:, :, None] + steps - (size - inner) / 2
        grid = places * (2 / inner) - 1
        columns, rows = grid[:, 0, None, :].expand(-1, self.window, -1), grid[:, 1, :, None].expand(-1, -1, self.window)
        return F.grid_sample(shown, torch.stack([columns, rows], -1), align_corners=False)

    def _origin(self, state: PaintingState) -> tuple[Tensor, Tensor, Tensor]:
        """What zeros mean, each laid out as a stroke's numbers: the middle, the points' offsets, and the color."""
        assert state.focus is not None
        size = state.target.shape[-1]
        x, y = state.focus.long().clamp(0, size - 1).unbind(1)
        if self.color_blur == 1:
            seen = state.target[torch.arange(len(x), device=x.device), :, y, x]
        else:
            offsets = torch.arange(self.color_blur, device=x.device) - self.color_blur // 2
            columns, rows = ((places[:, None] + offsets).clamp(0, size - 1) for places in (x, y))
            batch = torch.arange(len(x), device=x.device)[:, None, None]
            seen = state.target[batch, :, rows[:, :, None], columns[:, None]].mean((1, 2))
        middle, color = (state.target.new_zeros(len(x), 1, STROKE_LENGTH) for _ in range(2))
        offset = state.target.new_zeros(STROKE_LENGTH)
        for point in (START, CONTROL, END):
            middle[:, 0, point] = state.focus / size
        offset[START.start], offset[END.start] = -0.25, 0.25
        color[:, 0, COLOR] = seen
        return middle, offset, color


VIEWS: dict[str, type[View]] = {"canvas": CanvasView, "focus": FocusView}


def make_view(view: "str | Mapping[str, Any] | View") -> View:
    """A view by name, or by its name and settings as JSON has them: ``{"name": "focus", "window": 16}``.

    Raises:
        InvalidInputError: unknown view or setting, or a setting out of range.
    """
    if isinstance(view, View):
        return view
    settings: dict[str, Any] = {"name": view}
    if isinstance(view, Mapping):
        settings = {"name": None, **view}
    name = settings.pop("name", None)
    if not isinstance(name, str) or name not in VIEWS:
        raise InvalidInputError(f"there is no view {view!r}; expected one of {', '.join(VIEWS)}")
    known = [field.name for field in dataclasses.fields(FocusView)] if name == "focus" else []
    for setting in settings:
        if setting not in known:
            raise InvalidInputError(
                f"the view {name!r} has no setting {setting!r}; expected {', '.join(known) or 'none'}"
            )
    return VIEWS[name](**settings)


def budget_plane(strokes_left: Tensor) -> Tensor:
    """How an observation in [0, 1] shows ``strokes_left`` (B,): (B, 1, 1, 1), to be expanded."""
    return (BUDGET_LEVELS / 255 * torch.log1p(strokes_left)).clamp(max=1)[:, None, None, None]


def _masks(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Which of a stroke's numbers are places, and which are colors, (12,) bool each."""
    place, paint = (torch.zeros(STROKE_LENGTH, dtype=torch.bool, device=numbers.device) for _ in range(2))
    for point in (START, CONTROL, END):
        place[point] = True
    paint[COLOR] = True
    return place, paint


def observe(canvas: Tensor, target: Tensor, left: Tensor) -> Tensor:
    """Observations (B, 7, H, W) of canvases and targets (B, 3, H, W) in [0, 1] with ``left`` strokes, (B,), to go."""
    return _join(_whole(canvas, target, left), *canvas.shape[2:])


def strokes_left_of(observation: Tensor) -> Tensor:
    """How many strokes are left, (B,), read from observations (B, 7, size, size) in [0, 1] to within 2 %."""
    return torch.expm1(observation[:, -1, 0, 0] * (255 / BUDGET_LEVELS))


def _whole(canvas: Tensor, target: Tensor, left: Tensor) -> list[tuple[Tensor, int]]:
    """What the canvas view shows, as ``View.parts`` has it."""
    return [(canvas, 3), (target, 3), (budget_plane(left), 1)]


def _join(parts: list[tuple[Tensor, int]], height: int, width: int) -> Tensor:
    return torch.cat([values.expand(-1, channels, height, width) for values, channels in parts], 1)


_patterns: dict[tuple[int, float, str, str], Tensor] = {}


def _pattern(size: int, noise: float, like: Tensor) -> Tensor:
    key = (size, noise, str(like.device), str(like.dtype))
    if key not in _patterns:
        drawn = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0))
        _patterns[key] = (1 + noise * drawn).to(like)
    return _patterns[key]
