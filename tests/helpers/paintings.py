"""A finished painting by a painter of discs, which counts what it paints."""

import numpy as np
import torch
from paintgym.agents.outputs.painting import Painting
from paintgym.painters.canvas import paint_strokes, white_canvas
from paintgym.painters.pixels import to_uint8
from paintgym.painters.stroke_list import on_one_canvas
from torch import Tensor


class DiscPainter:
    """A soft disc at the stroke's end point, that counts the strokes it was asked for."""

    name = "disc"

    def __init__(self) -> None:
        self.painted = 0

    def __call__(self, strokes: Tensor) -> Tensor:
        self.painted += len(strokes)
        ruler = (torch.arange(64) + 0.5) / 64
        across = (ruler - strokes[:, 4, None]) ** 2
        down = (ruler - strokes[:, 5, None]) ** 2
        radius = 0.05 + 0.1 * strokes[:, 1, None, None]
        return torch.exp(-(down[:, :, None] + across[:, None, :]) / radius**2)[:, None]


def make_painting(count: int) -> Painting:
    strokes = np.random.default_rng(2).random((count, 12)).astype(np.float32)
    painter = DiscPainter()
    image = to_uint8(paint_strokes(white_canvas(1, 64), torch.tensor(strokes)[None], painter))[0]
    painter.painted = 0
    return Painting(
        image=image,
        stroke_list=on_one_canvas(strokes, 64),
        loss=0.25,
        loss_name="mse",
        seconds=1.5,
        agent="random",
        painter=painter,
        seed=9,
        settings={"agent": "random", "plan": {"level_ratio": 2.0}},
    )
