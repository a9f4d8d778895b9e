"""The focus view: a window about the place of the largest error, and numbers relative to it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...checks import check_number, check_positive, check_whole, shown
from ...errors import InvalidInputError
from ...painters.modes import multiply
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
        # argmax takes two to three times as long.
        index = (blurred + 1e-9).mul(_kept(_pattern, error, size, self.tie_noise)).flatten(1).max(1).indices
        focus = _kept(_middles, canvas, size).index_select(0, index)
        return torch.cat([focus, self._turn_of(error, focus)], 1) if self.turn_reach else focus

    def _turn_of(self, error: Tensor, focus: Tensor) -> Tensor:
        """By how much windows are turned, (B, 1) in radians, by the error (B, 1, size, size) about the focus (B, 2)."""
        (seen,) = _sample([error], self._places(focus, self.scales[0]))
        seen = seen.flatten(1)
        right, down, wider, mixed = multiply(seen, _kept(_moments, seen, self.window, self.turn_reach)).unbind(1)
        angle = torch.atan2(2 * mixed, wider) / 2
        behind = right * angle.cos() + down * angle.sin() < 0
        return (angle + behind * math.pi)[:, None]

    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """See ``View``."""
        assert state.focus is not None
        crops = [(self._look(state, scale), 7) for scale in self.scales]
        return [*crops, (budget_plane(state.strokes_left.to(state.canvas.dtype)), 1)]

    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """See ``View``."""
        scale, offset = self._scale_and_offset(state)
        return (self._origin(state) + scale * self._turned(numbers + offset, state, 1)).clamp(0, 1)

    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """See ``View``."""
        scale, offset = self._scale_and_offset(state)
        return self._turned(strokes - self._origin(state), state, -1) / scale - offset

    def _scale_and_offset(self, state: PaintingState) -> tuple[Tensor, Tensor]:
        """What an action's numbers are multiplied by, and what is added to them before that, (12,) each."""
        reach = self.side / 2 / state.target.shape[-1]
        scale, offset = _kept(_units, state.target, reach, self.color_reach).unbind()
        return scale, offset

    def _turned(self, numbers: Tensor, state: PaintingState, way: int) -> Tensor:
        """Numbers (B, T, 12) whose points are turned as windows are, or back where ``way`` is -1."""
        assert state.focus is not None
        if not self.turn_reach:
            return numbers
        turn = state.focus[:, 2, None, None]
        crossing = _kept(_crossing, numbers)
        crossed = numbers.index_select(-1, _kept(_other_coordinate, numbers, dtype=torch.int64))
        return numbers * torch.where(crossing != 0, turn.cos(), 1.0) + crossed * (crossing * way * turn.sin())

    def _look(self, state: PaintingState, scale: int) -> Tensor:
        """Target, residual and where the canvas is, (B, 7, window, window); ``scale`` pixels in one, nothing beyond."""
        assert state.focus is not None
        pictures = [state.target, state.canvas]
        if scale > 1:
            pictures = [F.avg_pool2d(one, scale, stride=1) for one in pictures]  # so that fine detail does not alias
        size, inner = state.target.shape[-1], pictures[0].shape[-1]
        places = self._places(state.focus, scale)
        if inner < size:
            places = places - (size - inner) / 2
        everywhere = _kept(_everywhere, pictures[0], inner).expand(len(places), -1, -1, -1)
        target, canvas, inside = _sample([*pictures, everywhere], places)
        return torch.cat([target, (target - canvas + inside) / 2, inside], 1)

    def _places(self, focus: Tensor, scale: int) -> Tensor:
        """The places (B, window, window, 2) as x, y in pixels that are seen; ``scale`` pixels apart."""
        steps = _kept(_steps, focus, self.window, scale)
        if focus.shape[1] > 2:
            turn = focus[:, 2]
            right, down = turn.cos(), turn.sin()
            # Rows: where one pixel to the right, and one down, lead.
            steps = multiply(steps, torch.stack([right, down, -down, right], 1).view(-1, 2, 2))
        return (steps + focus[:, None, :2]).view(-1, self.window, self.window, 2)

    def _origin(self, state: PaintingState) -> Tensor:
        """What zeros mean, (B, 1, 12): the focus, the color there, and else the middle of what there is."""
        assert state.focus is not None
        size = state.target.shape[-1]
        x, y = state.focus[:, :2].long().clamp(0, size - 1).unbind(1)
        if self.color_blur == 1:
            seen = state.target.flatten(2).gather(2, (y * size + x)[:, None, None].expand(-1, 3, 1)).squeeze(2)
        else:
            offsets = torch.arange(self.color_blur, device=x.device) - self.color_blur // 2
            columns, rows = ((places[:, None] + offsets).clamp(0, size - 1) for places in (x, y))
            batch = torch.arange(len(x), device=x.device)[:, None, None]
            seen = state.target[batch, :, rows[:, :, None], columns[:, None]].mean((1, 2))
        known = torch.cat([state.focus[:, :2] / size, seen, torch.full_like(seen[:, :1], 0.5)], 1)
        return known.index_select(1, _kept(_known_of_numbers, known, dtype=torch.int64))[:, None]


_POINTS = (START, CONTROL, END)


def _known_of_numbers() -> Tensor:
    """Which of a focus's two coordinates, its three colors, and one half, each number of a stroke begins at."""
    known = torch.full((STROKE_LENGTH,), 5)
    for point in _POINTS:
        known[point] = torch.tensor([0, 1])
    known[COLOR] = torch.tensor([2, 3, 4])
    return known


def _other_coordinate() -> Tensor:
    """For each number of a stroke the other one of its point, or itself."""
    other = torch.arange(STROKE_LENGTH)
    for point in _POINTS:
        other[point] = other[point].flip(0)
    return other


def _crossing() -> Tensor:
    """What a point's other coordinate times the sine of an angle is multiplied by as it is turned; 0 elsewhere."""
    crossing = torch.zeros(STROKE_LENGTH)
    for point in _POINTS:
        crossing[point] = torch.tensor([-1.0, 1.0])
    return crossing


_constants: dict[tuple[object, ...], Tensor] = {}


def _kept(make: Callable[..., Tensor], like: Tensor, *settings: float, dtype: torch.dtype | None = None) -> Tensor:
    """A constant of some settings, made once for each device and type."""
    key = (make.__name__, settings, str(like.device), str(dtype or like.dtype))
    if key not in _constants:
        _constants[key] = make(*settings).to(like.device, dtype or like.dtype, non_blocking=True)
    return _constants[key]


def _pattern(size: int, noise: float) -> Tensor:
    """(1, 1, size, size) that errors are multiplied by, so that no two are equal."""
    return 1 + noise * torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0))


def _middles(size: int) -> Tensor:
    """(size^2, 2): the middles of all pixels, row by row, as x, y."""
    places = torch.arange(size) + 0.5
    return torch.stack(torch.meshgrid(places, places, indexing="xy"), -1).flatten(0, 1)


def _everywhere(size: int) -> Tensor:
    """(1, 1, size, size) ones: what is seen of them is how far a window's pixels are inside the canvas."""
    return torch.ones(1, 1, size, size)


def _band(size: int, side: int) -> Tensor:
    """(size, size): its product with numbers in a row are their means over ``side`` of them, 0 beyond."""
    places = torch.arange(size)
    return ((places - places[:, None]).abs() <= side // 2) / side


def _steps(window: int, scale: float) -> Tensor:
    """(window^2, 2): from the middle of a window to the middles of its pixels, as x, y."""
    steps = (torch.arange(window) + 0.5 - window / 2) * scale
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1).flatten(0, 1)


def _moments(window: int, reach: float) -> Tensor:
    """What each pixel of a window adds to its moments (window^2, 4): x, y, x^2 - y^2 and x y, weighted."""
    x, y = _steps(window, 1 / window).unbind(1)
    weight = torch.exp((x.square() + y.square()) / (-2 * reach**2))
    return torch.stack([x, y, x.square() - y.square(), x * y], 1) * weight[:, None]


def _units(reach: float, color_reach: float) -> Tensor:
    """(2, 12): what an action's numbers are multiplied by, after what is below has been added."""
    units = torch.zeros(2, STROKE_LENGTH)
    units[0] = 0.5
    for point in _POINTS:
        units[0, point] = reach
    units[0, COLOR] = color_reach
    units[1, START.start], units[1, END.start] = -0.25, 0.25
    return units


def _sample(pictures: list[Tensor], places: Tensor) -> list[Tensor]:
    """Pictures (B, C, size, size) at places (B, h, w, 2) as x, y in pixels: (B, C, h, w), bilinear, 0 beyond."""
    grid = places * (2 / pictures[0].shape[-1]) - 1
    return [F.grid_sample(picture, grid, align_corners=False) for picture in pictures]


def _box_mean(pictures: Tensor, side: int) -> Tensor:
    """Means of pictures (B, C, size, size) over squares, 0 beyond: what ``avg_pool2d`` takes nine times as long for."""
    band = _kept(_band, pictures, pictures.shape[-1], side)
    return multiply(multiply(band, pictures), band)
