"""Fitting the ten parameters of SVG's coats to a painter's coverage."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ...checks import check_positive, check_whole
from ...painters.mypaint.engine import stroke_events
from ...painters.painter import Painter
from ...painters.stroke import CANVAS_SIZE, LOG_RADIUS_SCALE, SIZE, random_strokes
from .svg import COATS, Coat

Report = Callable[[int, float], object]
"""Called with the number of steps done and the error of the last."""

_START = ((1.5, 0.5, 0.3, 0.5, 0.3), (0.7, 0.5, 0.3, 0.5, 0.3))
"""Where fits begin: a wide coat and a narrow one, else alike."""

_ROWS = 25
"""Strokes whose coats are measured at a time: their distances to all pixels take 800 kB each."""


@dataclass(frozen=True)
class SvgFitConfig:
    """What decides a fit: the same settings, painter and strokes give the same coats on the same machine."""

    uniform_strokes: int = 50
    """Uniform strokes to fit on, beside those of paintings."""
    painted_strokes: int = 50
    """Strokes from each painting, the same number from its beginning to its end."""
    steps: int = 1_000
    """Steps of Adam."""
    batch_size: int = 25
    """Strokes of one step, drawn anew for each."""
    learning_rate: float = 0.05
    """Of Adam, on the logarithms of the parameters; falls to zero along a cosine."""
    seed: int = 0
    """Of strokes and batches."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        for name in ("uniform_strokes", "painted_strokes", "steps", "batch_size"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0)
        check_positive("learning_rate", self.learning_rate)


@dataclass(frozen=True)
class SvgFit:
    """What a fit found.

    Attributes:
        coats: of the least error, from the wide one to the narrow one.
        error: mean squared error of their coverage on all strokes of the fit.
        error_in_use: that of the coats in use.
        empty: that of no ink at all, for comparison.
    """

    coats: tuple[Coat, Coat]
    error: float
    error_in_use: float
    empty: float

    def distances(self) -> list[dict[str, float]]:
        """How far each parameter of each coat is from the one in use."""
        return [
            {field.name: getattr(coat, field.name) - getattr(used, field.name) for field in fields(Coat)}
            for coat, used in zip(self.coats, COATS, strict=True)
        ]


def fit_coats(
    painter: Painter, painted: Sequence[Tensor], config: SvgFitConfig, report: Report | None = None
) -> SvgFit:
    """Fit the coats to a painter's coverage at 64x64 by Adam on the mean squared difference (Kingma and Ba, 2015).

    Args:
        painter: whose coverage is to be met.
        painted: strokes (T, 12) in [0, 1] of paintings, each of at least ``painted_strokes``.
        config: how many strokes and steps.
        report: called now and then.

    Raises:
        InvalidInputError: a setting that cannot work.
    """
    config.check()
    strokes = _strokes(painted, config)
    with torch.no_grad():
        coverage = painter(strokes)[:, 0]
    ink = CoatInk(strokes)
    logarithms = torch.tensor(_START).log().requires_grad_()
    optimizer = torch.optim.Adam([logarithms], config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    generator = torch.Generator().manual_seed(config.seed)
    for step in range(config.steps):
        rows = torch.randperm(len(strokes), generator=generator)[: config.batch_size]
        error = (ink.coverage(logarithms.exp(), rows) - coverage[rows]).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        if report:
            report(step + 1, error.item())
    with torch.no_grad():
        found = logarithms.exp()
        used = torch.tensor([astuple(coat) for coat in COATS])
        error, error_in_use = (ink.error(parameters, coverage) for parameters in (found, used))
    first, second = (Coat(*numbers) for numbers in found.tolist())
    return SvgFit((first, second), error, error_in_use, float(coverage.square().mean()))


class CoatInk:
    """Strokes as coats cover them on the 64x64 canvas, differentiable in the coats' parameters.

    A coat is the union of discs about the pen's points, as wide as the pressure there makes it, with a rim of one pixel
    that fades.

    Args:
        strokes: (N, 12) in [0, 1].
    """

    POINT_STEP = 2
    """Of the pen's hundred points, every second: discs of the longest strokes still overlap."""

    def __init__(self, strokes: Tensor) -> None:
        events = np.array([stroke_events(stroke, CANVAS_SIZE) for stroke in strokes.double().numpy()])
        # The points of the pen on the paper, without its first touch and its lifting.
        points = torch.from_numpy(events[:, 1 : -1 : self.POINT_STEP].astype(np.float32))
        self.pressure = points[..., 2]
        self.radius = torch.exp(LOG_RADIUS_SCALE * strokes[:, SIZE, None])
        centers = torch.arange(CANVAS_SIZE, dtype=torch.float32) + 0.5
        grid = torch.stack(torch.meshgrid(centers, centers, indexing="xy"), -1).view(-1, 2)
        self.distance = torch.cdist(points[..., :2], grid)
        """(N, K, 4096) pixels from each of the pen's K points to each pixel's center."""

    def coverage(self, parameters: Tensor, rows: Tensor) -> Tensor:
        """Coverage (n, 64, 64) in [0, 1] of the strokes ``rows`` by coats whose parameters are (2, 5), or (1, 5)."""
        pressure, radius, distance = self.pressure[rows], self.radius[rows], self.distance[rows]
        bare = torch.ones(len(rows), CANVAS_SIZE**2, dtype=torch.float32)
        for base, slope, onset, opacity, fade in (coat.unbind() for coat in parameters):
            width = radius * (base + slope * pressure) * (1 - torch.exp(-pressure / onset))
            # The disc that a pixel lies deepest in is found without autograd, which would keep every distance.
            deepest = (width.detach()[..., None] - distance).argmax(1, keepdim=True)
            inside = width.gather(1, deepest[:, 0]) - distance.gather(1, deepest)[:, 0]
            shape = (inside + 0.5).clamp(0, 1)
            bare = bare * (1 - shape * (opacity * (1 - torch.exp(-pressure.mean(1, keepdim=True) / fade))))
        return (1 - bare).view(-1, CANVAS_SIZE, CANVAS_SIZE)

    def error(self, parameters: Tensor, coverage: Tensor) -> float:
        """Mean squared error of coats against the coverage (N, 64, 64) of all strokes."""
        parts = torch.arange(len(coverage)).split(_ROWS)
        squares = [(self.coverage(parameters, rows) - coverage[rows]).square().sum() for rows in parts]
        return float(torch.stack(squares).sum() / coverage.numel())


def _strokes(painted: Sequence[Tensor], config: SvgFitConfig) -> Tensor:
    random = np.random.default_rng(config.seed)
    uniform = torch.from_numpy(random_strokes(config.uniform_strokes, random).astype(np.float32))
    chosen = [
        strokes[torch.linspace(0, len(strokes) - 1, min(config.painted_strokes, len(strokes))).long()]
        for strokes in painted
    ]
    return torch.cat([uniform, *chosen])
