"""What an agent hands back: the painted picture and its strokes. How it is saved is in ``saving``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...envs.pictures import Picture
from ...painters.painter import Painter
from ...painters.stroke_list import StrokeList
from ...painters.windows import paint_list
from .saving import SavablePicture


@dataclass(frozen=True, eq=False)
class Painting(SavablePicture):
    """A finished painting.

    Attributes:
        image: (height, width, 3) uint8, the finished canvas.
        stroke_list: the strokes in painting order, each with its window.
        loss: distance between the finished canvas and the picture, by the loss called ``loss_name``.
        loss_name: such as ``"mse"`` or ``"vgg19"``.
        seconds: how long the agent took.
        agent: the agent's name.
        painter: the painter that turned the strokes into ink; the first of them, where there are several brushes.
        seed: the seed that paints this again.
        settings: all settings of the agent, as JSON.
        painters: all painters, one for each brush; the one alone by default.
    """

    image: Picture
    stroke_list: StrokeList
    loss: float
    loss_name: str
    seconds: float
    agent: str
    painter: Painter
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    painters: Sequence[Painter] = ()

    @property
    def strokes(self) -> NDArray[np.float32]:
        """(T, 12) in [0, 1], in painting order."""
        return self.stroke_list.strokes

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Agent, painter, seed, loss and settings."""
        return {
            "agent": self.agent,
            "painter": self.painter.name,
            "seed": self.seed,
            "loss": {"name": self.loss_name, "value": self.loss},
            "settings": dict(self.settings),
        }

    def composite(self, stroke_list: StrokeList, canvas: Tensor) -> Tensor:
        """Composite strokes on a canvas (3, height, width) in [0, 1], in place, by the painting's own painter."""
        painters = {painter.brush: painter for painter in self.painters}
        return paint_list(stroke_list, painters if len(painters) > 1 else self.painter, canvas)
