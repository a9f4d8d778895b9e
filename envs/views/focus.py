"""The focus view: a window about the place of the largest error, and numbers relative to it."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...checks import check_number, check_positive, check_whole, shown
from ...errors import InvalidInputError
from ...painters.stroke import COLOR, CONTROL, END, START, STROKE_LENGTH
from ..state import PaintingState
from .view import View, budget_plane


@dataclass(frozen=True)
class FocusView(View):
    """A window about the place of the largest blurred error, upright or turned with what is wrong there.

    The observation has 7 channels for each scale, and one for all: the target (red, green, blue), the residual, (target
    - canvas + 1) / 2 (red, green, blue), and 1 inside the canvas; then the strokes left, as the canvas view shows them.

    Of an action, pressures and brush size are (action + 1) / 2. With f the focus in parts of the canvas and r half the
    side of the first scale's window in the same parts, a point is f + r * (action + o), where o is (-0.25, 0) for the
    start, (0.25, 0) for the end, and 0 for the middle: so the action of zeros is a short stroke at the focus, where
    gradients live. The color is the target's at the focus plus ``color_reach`` times the action. What lies outside
    [0, 1] is clipped.

    A window that is turned by an angle shows the picture turned back by it, and action + o is turned by it: what a
    policy learns of a bar holds for bars of all directions.
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
    turn_reach: float = 0.0
    """How far about the focus error decides how the window is turned: the standard deviation, in parts of the first
    window's side, of the weights of its second moments. Their long axis becomes the window's x, and the end with more
    error its right one. 0 leaves windows upright."""

    name = "focus"

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", check_whole("the view's window", self.window, 4, 1024))
        object.__setattr__(self, "blur", check_whole("the view's blur", self.blur, 1, 101))
        if not isinstance(self.scales, list | tuple):
            raise InvalidInputError(f"the view's scales are {shown(self.scales)}, expected a list such as [1, 2]")
        scales = tuple(check_whole("a scale of the view", scale, 1, 64) for scale in self.scales)
        object.__setattr__(self, "scales", scales)
        check_positive("the view's color_reach", self.color_reach)
        check_number("the view's turn_reach", self.turn_reach, 0)
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
            residual = _box_mean(residual, self.blur)
        error = blurred = residual.square().sum(1, keepdim=True)
        if self.find == "error":
            blurred = _box_mean(error, self.blur)
        size = error.shape[-1]
        index = (blurred + 1e-9).mul(_pattern(size, self.tie_noise, error)).flatten(1).argmax(1)
        focus = torch.stack([index % size, index.div(size, rounding_mode="floor")], 1).to(canvas.dtype) + 0.5
        return torch.cat([focus, self._turn_of(error, focus)], 1) if self.turn_reach else focus

    def _turn_of(self, error: Tensor, focus: Tensor) -> Tensor:
        """By how much windows are turned, (B, 1) in radians, by the error (B, 1, size, size) about the focus (B, 2)."""
        seen = _sample(error, self._places(focus, self.scales[0]))[:, 0]
        steps = (torch.arange(self.window, device=seen.device, dtype=seen.dtype) + 0.5 - self.window / 2) / self.window
        near = torch.exp(steps.square() / (-2 * self.turn_reach**2))
        seen = seen * near * near[:, None]
        rows, columns = seen.sum(2), seen.sum(1)
        right, down = columns @ steps, rows @ steps
        wide, high, mixed = columns @ steps.square(), rows @ steps.square(), (seen @ steps) @ steps
        angle = torch.atan2(2 * mixed, wide - high) / 2
        behind = right * angle.cos() + down * angle.sin() < 0
        return (angle + behind * math.pi)[:, None]

    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """See ``View``."""
        assert state.focus is not None
        crops = [(self._look(state, scale), 7) for scale in self.scales]
        return [*crops, (budget_plane(state.strokes_left.to(state.canvas.dtype)), 1)]

    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """See ``View``."""
        middle, offset, color = self._origin(state)
        reach = self.side / 2 / state.target.shape[-1]
        strokes = (numbers + 1) / 2
        points = middle.expand_as(numbers) + reach * self._turned(numbers + offset, state, 1)
        colors = color + self.color_reach * numbers
        place, paint = _masks(numbers)
        return torch.where(place, points, torch.where(paint, colors, strokes)).clamp(0, 1)

    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """See ``View``."""
        middle, offset, color = self._origin(state)
        reach = self.side / 2 / state.target.shape[-1]
        place, paint = _masks(strokes)
        points = self._turned(strokes - middle, state, -1) / reach - offset
        colors = (strokes - color) / self.color_reach
        return torch.where(place, points, torch.where(paint, colors, strokes * 2 - 1))

    def _turned(self, places: Tensor, state: PaintingState, way: int) -> Tensor:
        """Points among numbers (B, T, 12) turned as windows are, or back where ``way`` is -1."""
        assert state.focus is not None
        if not self.turn_reach:
            return places
        turn = state.focus[:, 2, None] * way
        cosine, sine = turn.cos(), turn.sin()
        turned = places.clone()
        for point in (START, CONTROL, END):
            x, y = places[..., point].unbind(-1)
            turned[..., point] = torch.stack([x * cosine - y * sine, x * sine + y * cosine], -1)
        return turned

    def _look(self, state: PaintingState, scale: int) -> Tensor:
        """Target, residual and where the canvas is, (B, 7, window, window); ``scale`` pixels in one, nothing beyond."""
        assert state.focus is not None
        pictures = [state.target, state.canvas]
        if scale > 1:
            pictures = [F.avg_pool2d(one, scale, stride=1) for one in pictures]  # so that fine detail does not alias
        size, inner = state.target.shape[-1], pictures[0].shape[-1]
        places = self._places(state.focus, scale) - (size - inner) / 2
        target, canvas = (_sample(one, places) for one in pictures)
        inside = torch.minimum(places + 0.5, inner + 0.5 - places).clamp(0, 1).prod(-1)[:, None]
        return torch.cat([target, (target - canvas + inside) / 2, inside], 1)

    def _places(self, focus: Tensor, scale: int) -> Tensor:
        """The places (B, window, window, 2) as x, y in pixels that are seen; ``scale`` pixels apart."""
        steps = (torch.arange(self.window, device=focus.device, dtype=focus.dtype) + 0.5 - self.window / 2) * scale
        columns, rows = steps.expand(1, self.window, -1), steps[:, None].expand(1, -1, self.window)
        if focus.shape[1] > 2:
            turn = focus[:, 2, None, None]
            columns, rows = columns * turn.cos() - rows * turn.sin(), columns * turn.sin() + rows * turn.cos()
        return torch.stack([columns + focus[:, 0, None, None], rows + focus[:, 1, None, None]], -1)

    def _origin(self, state: PaintingState) -> tuple[Tensor, Tensor, Tensor]:
        """What zeros mean, each laid out as a stroke's numbers: the middle, the points' offsets, and the color."""
        assert state.focus is not None
        size = state.target.shape[-1]
        x, y = state.focus[:, :2].long().clamp(0, size - 1).unbind(1)
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
            middle[:, 0, point] = state.focus[:, :2] / size
        offset[START.start], offset[END.start] = -0.25, 0.25
        color[:, 0, COLOR] = seen
        return middle, offset, color


def _masks(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Which of a stroke's numbers are places, and which are colors, (12,) bool each."""
    place, paint = (torch.zeros(STROKE_LENGTH, dtype=torch.bool, device=numbers.device) for _ in range(2))
    for point in (START, CONTROL, END):
        place[point] = True
    paint[COLOR] = True
    return place, paint


_patterns: dict[tuple[int, float, str, str], Tensor] = {}


def _pattern(size: int, noise: float, like: Tensor) -> Tensor:
    key = (size, noise, str(like.device), str(like.dtype))
    if key not in _patterns:
        drawn = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0))
        _patterns[key] = (1 + noise * drawn).to(like)
    return _patterns[key]


def _sample(picture: Tensor, places: Tensor) -> Tensor:
    """Pictures (B, C, size, size) at places (B, h, w, 2) as x, y in pixels: (B, C, h, w), bilinear, 0 beyond."""
    return F.grid_sample(picture, places * (2 / picture.shape[-1]) - 1, align_corners=False)


def _box_mean(pictures: Tensor, side: int) -> Tensor:
    """Means of pictures (B, C, size, size) over squares, 0 beyond: what ``avg_pool2d`` takes nine times as long for."""
    size, half = pictures.shape[-1], side // 2
    for dim, padding in ((2, (0, 0, half, half)), (3, (half, half))):
        padded = F.pad(pictures, padding)
        pictures = padded.narrow(dim, 0, size).clone()
        for first in range(1, side):
            pictures += padded.narrow(dim, first, size)
    return pictures / side**2
