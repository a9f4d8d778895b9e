"""Fitting the proxy renderer's four parameters to a painter's coverage."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from ...checks import check_positive, check_whole
from ..neural.proxy import ProxyPainter
from ..painter import Painter
from ..ribbon import ProxyParameters
from ..stroke import CONTROL, END, START, random_strokes

_START = (0.0, 0.0, 0.0, 1.0)
"""A ribbon as wide as the brush whatever the pressure, and as dense as the pressure."""

Report = Callable[[int, float], object]
"""Called with the number of steps done and the error of the last."""


@dataclass(frozen=True)
class ProxyFitConfig:
    """What decides a fit: the same settings and painter give the same parameters on the same machine."""

    strokes: int = 3_000
    """Strokes to fit on, every second of them short: uniform strokes are long, those of a painting are not."""
    short: float = 0.15
    """Largest distance, in parts of the canvas along each axis, of a short stroke's ends from its middle."""
    steps: int = 140
    """Steps of Adam, few: the valley is flat, and ten times as many lead 0.4 away, to an error that is 3 % less."""
    batch_size: int = 300
    """Strokes of one step, drawn anew for each."""
    learning_rate: float = 0.02
    """Of Adam; falls to zero along a cosine."""
    seed: int = 0
    """Of strokes and batches."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        for name in ("strokes", "steps", "batch_size"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0)
        for name in ("short", "learning_rate"):
            check_positive(name, getattr(self, name))


@dataclass(frozen=True)
class ProxyFit:
    """What a fit found.

    Attributes:
        parameters: of the least error.
        error: mean squared error of their coverage on all strokes of the fit.
        error_in_use: that of the parameters in use.
        empty: that of no ink at all, for comparison.
    """

    parameters: ProxyParameters
    error: float
    error_in_use: float
    empty: float

    def distances(self) -> dict[str, float]:
        """How far each parameter is from the one in use."""
        found, used = asdict(self.parameters), asdict(ProxyParameters())
        return {name: found[name] - used[name] for name in found}


def fit_proxy(painter: Painter, config: ProxyFitConfig, report: Report | None = None) -> ProxyFit:
    """Fit the proxy's parameters to a painter by Adam on the squared error of coverage (Kingma and Ba, 2015).

    It begins with a ribbon as wide as the brush whatever the pressure, and as dense as the pressure.

    Raises:
        InvalidInputError: a setting that cannot work.
    """
    config.check()
    strokes = fit_strokes(config)
    with torch.no_grad():
        coverage = torch.cat([painter(part) for part in strokes.split(config.batch_size)])
    values = torch.tensor(_START, requires_grad=True)
    optimizer = torch.optim.Adam([values], config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    generator = torch.Generator().manual_seed(config.seed)
    for step in range(config.steps):
        rows = torch.randperm(len(strokes), generator=generator)[: config.batch_size]
        proxy = ProxyPainter(ProxyParameters(*values.unbind()))
        error = (proxy(strokes[rows]) - coverage[rows]).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        if report:
            report(step + 1, error.item())
    parameters = ProxyParameters(*values.tolist())
    return ProxyFit(
        parameters,
        proxy_error(parameters, strokes, coverage),
        proxy_error(ProxyParameters(), strokes, coverage),
        float(coverage.square().mean()),
    )


def fit_strokes(config: ProxyFitConfig) -> Tensor:
    """The strokes of a fit, (N, 12) in [0, 1]."""
    random = np.random.default_rng(config.seed)
    strokes = random_strokes(config.strokes, random)
    for point in (START, END):
        near = strokes[1::2, CONTROL] + random.uniform(-config.short, config.short, (config.strokes // 2, 2))
        strokes[1::2, point] = near.clip(0, 1)
    return torch.from_numpy(strokes.astype(np.float32))


@torch.no_grad()
def proxy_error(parameters: ProxyParameters, strokes: Tensor, coverage: Tensor) -> float:
    """Mean squared error of a proxy's coverage on strokes (N, 12) against coverage (N, 1, 64, 64)."""
    proxy = ProxyPainter(parameters)
    parts = zip(strokes.split(500), coverage.split(500), strict=True)
    return float(sum((proxy(batch) - real).square().sum() for batch, real in parts) / coverage.numel())
