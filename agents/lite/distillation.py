"""Teaching the lite network VGG19's distances, on canvases that agents paint. The network is in ``envs``."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from ...envs.losses.lite import LiteNetwork
from ...envs.losses.perceptual import PerceptualLoss
from ...envs.targets.targets import Targets, load_targets
from ...files import write_whole
from ...painters.canvas import paint_strokes, white_canvas
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.registry import load_painter
from ...painters.stroke import CANVAS_SIZE, COLOR, SIZE, STROKE_LENGTH
from ..registry import load_agent
from .config import DistillationConfig

Report = Callable[[int, float], object]
"""Called with how many pictures or steps are done, and with VGG19's distance or the loss so far."""

_LOSS_STEPS = 50
"""Steps whose mean loss is reported."""


@dataclass(frozen=True)
class DistillationData:
    """P pictures, C half-painted canvases of each, and what VGG19 says of each pair, layer by layer."""

    targets: Tensor
    """(P, 3, 64, 64) uint8."""
    canvases: Tensor
    """(P, C, 3, 64, 64) uint8."""
    distances: Tensor
    """(P, C, 4) relative squared distances of VGG19's four layers."""


def make_data(config: DistillationConfig, report: Report | None = None) -> DistillationData:
    """Paint canvases and ask VGG19 about them.

    Raises:
        MissingDataError: VGG19's weights, the paintings or MNIST are not in the data folder.
    """
    random = np.random.default_rng(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    painter, teacher = load_painter("gan"), PerceptualLoss("vgg19")
    paintings, digits = (
        load_targets("paintings", config.picture_side, split="train"),
        load_targets("mnist", CANVAS_SIZE),
    )
    targets, canvases, distances = [], [], []
    for number in range(config.pictures):
        target = to_tensor(_picture(number, paintings, digits, config, random))
        painted = _half_painted(number, target, config, painter, random, generator)
        with torch.no_grad():
            distances.append(layer_distances(teacher.network, target, painted))
        targets.append(_quantize(target[0]))
        canvases.append(_quantize(painted))
        if report:
            report(number + 1, float(distances[-1].mean()))
    return DistillationData(torch.stack(targets), torch.stack(canvases), torch.stack(distances))


def _picture(
    number: int, paintings: Targets, digits: Targets, config: DistillationConfig, random: np.random.Generator
) -> NDArray[np.uint8]:
    """A digit now and then, else a square of a painting, from a detail to the whole, mirrored or not."""
    if number % config.digits_every == 0:
        return digits.picture(int(random.integers(len(digits))))
    picture = paintings.picture(int(random.integers(len(paintings))))
    side = int(random.integers(CANVAS_SIZE, config.picture_side + 1))
    top, left = random.integers(0, config.picture_side + 1 - side, 2)
    crop = to_tensor(picture[top : top + side, left : left + side])
    small = torch.nn.functional.interpolate(crop, (CANVAS_SIZE, CANVAS_SIZE), mode="bilinear", antialias=True)
    square = (small[0].permute(1, 2, 0) * 255).round().byte().numpy()
    return np.ascontiguousarray(square[:, ::-1] if random.random() < 0.5 else square)


def _half_painted(
    number: int,
    target: Tensor,
    config: DistillationConfig,
    painter: Painter,
    random: np.random.Generator,
    generator: torch.Generator,
) -> Tensor:
    """Canvases (config.canvases, 3, 64, 64) along one painting, from a few strokes to many."""
    count = config.canvases
    if number % config.greedy_every == 0:
        greedy = load_agent("greedy", painter=painter)
        strokes = torch.from_numpy(greedy.paint(_as_picture(target), config.greedy_strokes, seed=number).strokes)
    else:
        strokes = torch.rand(config.random_strokes, STROKE_LENGTH, generator=generator)
        if number % config.greedy_every > 1:
            # Colors taken from the picture, and brushes that get smaller: what an optimizer's canvases look like.
            middle = strokes[:, 2:4] * (CANVAS_SIZE - 1)
            x, y = middle.round().long().unbind(1)
            strokes[:, COLOR] = target[0, :, y, x].T
            first, last = float(random.uniform(0.5, 1)), float(random.uniform(0.03, 0.3))
            reach = torch.linspace(first, last, config.random_strokes)[:, None]
            for point in (slice(4, 6), slice(9, 11)):
                strokes[:, point] = (strokes[:, 2:4] + reach * (strokes[:, point] - strokes[:, 2:4])).clamp(0, 1)
            strokes[:, SIZE] *= reach[:, 0].clamp(min=0.2)
    ends = np.unique(np.geomspace(1, len(strokes), 4 * count).round().astype(int))
    ends = np.sort(random.choice(ends, count, replace=len(ends) < count))
    canvas, painted, start = white_canvas(1, CANVAS_SIZE), [], 0
    with torch.no_grad():
        for end in ends.tolist():
            canvas, start = paint_strokes(canvas, strokes[None, start:end], painter), end
            painted.append(canvas[0])
    return torch.stack(painted)


def _as_picture(target: Tensor) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = _quantize(target[0]).permute(1, 2, 0).numpy()
    return picture


def _quantize(pictures: Tensor) -> Tensor:
    return (pictures * 255).round().byte()


def layer_distances(network: torch.nn.Module, targets: Tensor, canvases: Tensor) -> Tensor:
    """Relative squared distances (N, layers) between targets (P, 3, H, W) and P equal runs of canvases (N, 3, H, W)."""
    target_maps, canvas_maps = network(targets), network(canvases)
    repeats = len(canvases) // len(targets)
    distances = []
    for target_map, canvas_map in zip(target_maps, canvas_maps, strict=True):
        norm = target_map.square().sum((1, 2, 3)).repeat_interleave(repeats) + 1e-8
        difference = canvas_map - target_map.repeat_interleave(repeats, 0)
        distances.append(difference.square().sum((1, 2, 3)) / norm)
    return torch.stack(distances, 1)


def distill(config: DistillationConfig, data: DistillationData, report: Report | None = None) -> LiteNetwork:
    """Teach a lite network from scratch: its layers' distances should be VGG19's, on a logarithmic scale."""
    torch.manual_seed(config.seed)
    network = LiteNetwork()
    optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, config.steps + 1, pct_start=config.warmup_part
    )
    average = 0.0
    for step, (targets, canvases, taught) in zip(range(config.steps), _batches(config, data), strict=False):
        learned = layer_distances(network, targets, canvases)
        # The sum is what a loss is in the end; the single layers are what make it generalize.
        target = torch.cat([taught, taught.mean(1, keepdim=True)], 1)
        given = torch.cat([learned, learned.mean(1, keepdim=True)], 1)
        loss = (torch.log(given + config.least_distance) - torch.log(target + config.least_distance)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.largest_gradient)
        optimizer.step()
        schedule.step()
        average += (loss.item() - average) / min(step + 1, _LOSS_STEPS)
        if report:
            report(step + 1, average)
    return network.eval()


def _batches(config: DistillationConfig, data: DistillationData) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    random = np.random.default_rng([config.seed, 1])
    while True:
        rows = torch.from_numpy(random.choice(len(data.targets), config.pictures_per_step, replace=False))
        targets, canvases = data.targets[rows].float() / 255, data.canvases[rows].flatten(0, 1).float() / 255
        if random.random() < 0.5:
            targets, canvases = targets.flip(3), canvases.flip(3)
        yield targets, canvases, data.distances[rows].flatten(0, 1)


def save_lite(network: LiteNetwork, path: Path, config: DistillationConfig, figures: dict[str, float]) -> None:
    """Write the network's weights, and its card beside them as ``.json``, each whole or not at all."""
    weights = {name: weight.detach().contiguous() for name, weight in network.state_dict().items()}
    with write_whole(path) as temporary:
        save_file(weights, temporary)
    settings = {name: value for name, value in asdict(config).items() if name != "out"}
    card = {
        "data": "crops of the training paintings, MNIST digits, and canvases half-painted on them",
        "teacher": "VGG19, relu1_2 to relu4_4",
        "parameters": sum(weight.numel() for weight in weights.values()),
        **figures,
        "configuration": settings,
    }
    with write_whole(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")
