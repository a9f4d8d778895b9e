"""How far a perceptual loss strays from its network run plainly in float32, and what it gains. It prints nothing."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...painters.canvas import paint_strokes, white_canvas
from ...painters.painter import Painter
from ...painters.stroke import COLOR
from ..losses.perceptual import PerceptualLoss

_STROKES, _CANVASES = 200, 12
_EPSILON = 1e-8


@dataclass(frozen=True)
class Precision:
    """A loss beside its network without channels-last layout, blocks of rows and bfloat16.

    Attributes:
        loss: name of the loss.
        median_error: median over canvases of |loss - plain| / plain.
        largest_error: the largest of them.
        gradient_cosine: the lowest cosine between a canvas's gradient and its plain one.
        times_as_fast: plain seconds divided by the loss's, without gradients; median over the rounds.
    """

    loss: str
    median_error: float
    largest_error: float
    gradient_cosine: float
    times_as_fast: float


def measure_precision(
    loss: PerceptualLoss, plain: nn.Module, target: Tensor, painter: Painter, *, batch: int = 64, rounds: int = 5
) -> Precision:
    """Compare values, gradients and speed on canvases half-painted with the target's colors, and nearly finished ones.

    Args:
        loss: what is judged.
        plain: the same network as it comes, in float32.
        target: (1, 3, H, W) in [0, 1].
        painter: paints the canvases.
        batch: canvases that are timed.
        rounds: how often they are timed, at least 2; one more, first, is not counted.
    """
    canvases = _half_painted(target, painter)
    values, gradients = _judge(canvases, lambda canvas: loss(canvas, loss.features(target)))
    wanted, wanted_gradients = _judge(canvases, lambda canvas: _plain_distance(plain, canvas, target))
    errors = ((values - wanted).abs() / wanted).tolist()
    cosines = torch.cosine_similarity(gradients.flatten(1), wanted_gradients.flatten(1))
    many = canvases[torch.arange(batch) % len(canvases)]
    return Precision(
        loss=loss.name,
        median_error=statistics.median(errors),
        largest_error=max(errors),
        gradient_cosine=float(cosines.min()),
        times_as_fast=_speedup(loss, plain, many, target, rounds),
    )


@torch.no_grad()
def _half_painted(target: Tensor, painter: Painter) -> Tensor:
    """Canvases (15, 3, H, W): along a painting of random strokes, and its end blended with the target."""
    generator = torch.Generator().manual_seed(0)
    strokes = torch.rand(1, _STROKES, 12, generator=generator)
    height, width = target.shape[2:]
    column, row = (strokes[0, :, 2] * (width - 1)).long(), (strokes[0, :, 3] * (height - 1)).long()
    strokes[0, :, COLOR] = target[0, :, row, column].T.cpu()
    canvas, painted = white_canvas(1, height, device=target.device), []
    for some in strokes.to(target.device).chunk(_CANVASES, 1):
        canvas = paint_strokes(canvas, some, painter)
        painted.append(canvas)
    nearly = [torch.lerp(canvas, target, part) for part in (0.5, 0.75, 0.9)]
    return torch.cat([*painted, *nearly])


def _judge(canvases: Tensor, distance: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    canvases = canvases.clone().requires_grad_()
    values = distance(canvases)
    (gradients,) = torch.autograd.grad(values.sum(), canvases)
    return values.detach(), gradients


def _plain_distance(network: nn.Module, canvas: Tensor, target: Tensor) -> Tensor:
    """The definition of the loss, written down once more."""
    parts = [
        (found - wanted).square().sum((1, 2, 3)) / (wanted.square().sum() + _EPSILON)
        for found, wanted in zip(network(canvas), network(target), strict=True)
    ]
    return torch.stack(parts).mean(0)


@torch.no_grad()
def _speedup(loss: PerceptualLoss, plain: nn.Module, canvas: Tensor, target: Tensor, rounds: int) -> float:
    """In turn in every round, so that a busy machine slows both; targets are known beforehand, as in an episode."""
    features = loss.features(target)
    wanted = plain(target)

    def in_one_go() -> None:
        for found, like in zip(plain(canvas), wanted, strict=True):
            (found - like).square().sum((1, 2, 3))

    ratios = []
    for _ in range(rounds + 1):
        seconds = []
        for work in (in_one_go, lambda: loss(canvas, features)):
            begun = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begun)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios[1:])
