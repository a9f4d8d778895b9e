"""How a task of the ladder is scored: which targets, what is measured of the canvases, and in which form it is told.

Whoever paints is asked for finished canvases of the held-out targets alone; everything else is the same for all.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...envs.core import PaintingCore
from ...envs.losses.loss import Loss, PixelLoss
from ...envs.losses.registry import make_loss
from ...envs.losses.vgg import WEIGHTS_FILE
from ...envs.rewards import score
from ...envs.targets.targets import load_targets
from ...envs.tasks import Task, find_task
from ...files import data_directory
from ...painters.neural.proxy import ProxyPainter
from ...painters.pixels import to_tensor, to_uint8
from ...painters.style import Style
from ..agent import Agent
from ..evaluation.digits import digit_of, load_digit_reader

PROTOCOL_VERSION = 1
"""Of everything that decides a score; figures of different versions are not compared."""

_REFERENCES = Path(__file__).parent / "references.json"
"""What ``paintgym scoreboard --references`` wrote."""
REFERENCES = ("nothing", "random", "flat", "greedy", "policy", "gradient")
"""Who is always there to be compared with."""
_SIZE = 64
_BATCH = 24
"""Held-out targets that an actor paints side by side."""

Painter = Callable[["HeldOut"], Tensor]
"""Who is scored: held-out targets to finished canvases (N, 3, 64, 64) in [0, 1]."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The targets that a task is scored on.

    Attributes:
        task: whose they are.
        names: of the targets.
        pictures: (N, 64, 64, 3) uint8.
        targets: (N, 3, 64, 64) in [0, 1].
        papers: (N, 3, 64, 64) in [0, 1], what is painted on.
        seed: for who paints by chance.
    """

    task: Task
    names: list[str]
    pictures: NDArray[np.uint8]
    targets: Tensor
    papers: Tensor
    seed: int

    @property
    def fingerprint(self) -> str:
        """A hash of the pictures: figures of different pictures are not compared."""
        return hashlib.sha256(self.pictures.tobytes()).hexdigest()[:16]


def hold_out(task: Task, episodes: int, seed: int = 0) -> HeldOut:
    """Targets of the part ``"test"``, spread evenly over it, on the task's paper.

    Raises:
        MissingDataError: the task's data are not in the data folder.
    """
    found = load_targets(task.arguments["target"], _SIZE, split="test")
    numbers = np.linspace(0, len(found) - 1, min(episodes, len(found))).round().astype(int).tolist()
    pictures = np.stack([found.picture(number) for number in numbers])
    targets = to_tensor(pictures)
    core = PaintingCore(ProxyPainter(), PixelLoss(), paper=task.arguments.get("paper", "white"))
    return HeldOut(task, [found.name(n) for n in numbers], pictures, targets, core.initial(targets).canvas, seed)


@torch.no_grad()
def measure(held_out: HeldOut, canvases: Tensor, seconds: float) -> dict[str, Any]:
    """What finished canvases (N, 3, 64, 64) in [0, 1] are worth.

    Returns:
        JSON with the mean ``score``, the ``scores`` of all targets, their ``mse``, ``vgg19`` where its weights are
        there, ``read``, the share of digits read as what they are, ``seconds`` a painting, and what was painted.
    """
    task = held_out.task
    loss = make_loss(task.arguments["perceptual"])
    scores = _scores(loss, held_out, canvases)
    rounded = to_uint8(canvases)
    shown = to_tensor(rounded)
    figures: dict[str, Any] = {
        "task": task.id,
        "protocol": PROTOCOL_VERSION,
        "targets": held_out.fingerprint,
        "episodes": len(canvases),
        "score": round(float(scores.mean()), 5),
        "mse": round(float(PixelLoss()(shown, (held_out.targets,)).mean()), 6),
    }
    if (data_directory() / WEIGHTS_FILE).is_file():
        figures["vgg19"] = round(_mean_loss(make_loss("vgg19"), held_out, shown), 5)
    digits = [digit_of(name) for name in held_out.names]
    if None not in digits:
        read = load_digit_reader().read(rounded)
        figures["read"] = round(float(np.mean(read == np.array(digits))), 5)
    figures["seconds"] = round(seconds / len(canvases), 4)
    figures["scores"] = [round(float(value), 5) for value in scores]
    packages = ("torch", "gymnasium", "stable-baselines3")
    figures["versions"] = {package: version(package) for package in packages}
    return figures


def evaluate(held_out: HeldOut, painter: Painter) -> dict[str, Any]:
    """Have the held-out targets painted, and measure what comes of it."""
    started = time.perf_counter()
    canvases = painter(held_out)
    return measure(held_out, canvases, time.perf_counter() - started)


@torch.no_grad()
def score_only(held_out: HeldOut, painter: Painter) -> float:
    """The mean score of what is painted, and nothing else: VGG19's judgment would take longer than most paintings."""
    loss = make_loss(held_out.task.arguments["perceptual"])
    return round(float(_scores(loss, held_out, painter(held_out)).mean()), 5)


def paint_nothing(held_out: HeldOut) -> Tensor:
    """The paper as it is."""
    return held_out.papers


def paint_flat(held_out: HeldOut) -> Tensor:
    """One color all over: the target's mean, which no other flat color beats in squared error."""
    return held_out.targets.mean((2, 3), keepdim=True).expand_as(held_out.targets)


def painted_by(agent: Agent) -> Painter:
    """An agent, which paints one target after the other on the task's paper."""

    def paint(held_out: HeldOut) -> Tensor:
        canvases = []
        for number, (picture, paper) in enumerate(zip(held_out.pictures, held_out.papers, strict=True)):
            red, green, blue = paper[:, 0, 0].tolist()
            style = Style(background=(red, green, blue))
            seed = held_out.seed + number
            painting = agent.paint(picture, held_out.task.strokes, style=style, seed=seed)
            canvases.append(to_tensor(painting.image))
        return torch.cat(canvases)

    return paint


Act = Callable[[Tensor], Tensor]
"""Observations (N, C, h, w) uint8 to actions (N, 12) in [-1, 1], as tensors."""


def begin_episodes(task: Task, pictures: NDArray[np.uint8], arguments: dict[str, Any]) -> tuple[Any, Tensor]:
    """Environments of a task, one for each of its pictures (N, 64, 64, 3), and their first observations, as tensors.

    Their rewards are of squared error: nobody looks at them, and VGG19 would take more than nine tenths of the time.
    """
    env: Any = gymnasium.make_vec(
        task.id,
        num_envs=len(pictures),
        perceptual="mse",
        output="torch",
        autoreset_mode="Disabled",
        target=list(pictures),
        **arguments,
    ).unwrapped
    seen, _ = env.reset(options={"target_index": list(range(len(pictures)))})
    return env, seen


def acted_by(act: Act, arguments: dict[str, Any]) -> Painter:
    """Who acts in the task's environment, with the view that it was trained in."""

    def paint(held_out: HeldOut) -> Tensor:
        canvases = []
        for start in range(0, len(held_out.pictures), _BATCH):
            env, seen = begin_episodes(held_out.task, held_out.pictures[start : start + _BATCH], arguments)
            for _ in range(held_out.task.strokes):
                seen, *_ = env.step(act(seen).float())
            canvases.append(env.state.canvas.clone().cpu())
        return torch.cat(canvases)

    return paint


def held_out_score(task: str, act: Act, episodes: int = 100, **arguments: Any) -> float:
    """The mean score of a policy on a task's held-out targets: 1 - L(end) / L(0), 0 for the paper, 1 for the target.

    Args:
        task: id of a task, such as ``"paintgym/Shapes-v0"``.
        act: observations (N, C, h, w) uint8 to actions (N, 12) in [-1, 1], as tensors.
        episodes: how many targets, spread evenly over the part ``"test"``.
        arguments: what the policy was trained with, such as ``view="canvas"``; the task's view by default.

    Raises:
        InvalidInputError: no such task.
        MissingDataError: its data are not in the data folder.

    Examples:
        >>> round(held_out_score("paintgym/Shapes-v0", lambda seen: torch.zeros(len(seen), 12), 4), 2)
        0.1
    """
    return score_only(hold_out(find_task(task), episodes), acted_by(act, arguments))


def reference_scores(task: str) -> dict[str, float]:
    """What nothing, random, one flat color and the agents score on a task's held-out targets, where that was measured.

    Examples:
        >>> sorted(reference_scores("paintgym/Shapes-v0"))
        ['flat', 'gradient', 'greedy', 'nothing', 'policy', 'random']
    """
    scores = references().get(find_task(task).id, {})
    return {name: round(scores[name], 3) for name in REFERENCES if name in scores}


def references() -> dict[str, dict[str, Any]]:
    """Scores by task of who is always there to be compared with, and the hash of the targets they were painted on."""
    document: dict[str, dict[str, Any]] = json.loads(_REFERENCES.read_text(encoding="utf-8"))
    return document


def normalized_score(value: float, references: dict[str, float]) -> float:
    """100 (s - floor) / (gradient - floor), the floor being the best of nothing, random and one flat color."""
    floor = max(references[name] for name in REFERENCES[:3])
    width = references["gradient"] - floor
    return 100 * (value - floor) / width if width > 0 else math.nan


def _scores(loss: Loss, held_out: HeldOut, canvases: Tensor) -> Tensor:
    return torch.cat(
        [
            score(loss(canvas, features), loss(paper, features))
            for canvas, target, paper in zip(
                canvases.split(_BATCH), held_out.targets.split(_BATCH), held_out.papers.split(_BATCH), strict=True
            )
            for features in [loss.features(target)]
        ]
    )


def _mean_loss(loss: Loss, held_out: HeldOut, canvases: Tensor) -> float:
    values = [
        loss(canvas, loss.features(target))
        for canvas, target in zip(canvases.split(_BATCH), held_out.targets.split(_BATCH), strict=True)
    ]
    return float(torch.cat(values).mean())
