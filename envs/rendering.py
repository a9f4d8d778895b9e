"""Pictures of environments as they stand: canvas beside target, and where a view looks."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..painters.pixels import to_uint8
from .state import PaintingState
from .views import FocusView, View

_FRAME_COLOR = (230, 0, 120)
"""Of the window that a view looks through: seldom a painting's own."""


def render_state(state: PaintingState, view: View) -> NDArray[np.uint8]:
    """Canvases with their targets to the right, (B, size, 2 * size, 3) uint8, and on both where a view looks."""
    pictures: NDArray[np.uint8] = to_uint8(torch.cat((state.canvas, state.target), 3))
    if isinstance(view, FocusView) and state.focus is not None:
        size = state.canvas.shape[-1]
        for picture, (x, y) in zip(pictures, state.focus.tolist(), strict=True):
            image = Image.fromarray(picture)
            low, high = -view.side / 2, view.side / 2 - 1
            for left in (0, size):
                half = image.crop((left, 0, left + size, size))
                ImageDraw.Draw(half).rectangle([(x + low, y + low), (x + high, y + high)], outline=_FRAME_COLOR)
                image.paste(half, (left, 0))
            picture[:] = np.asarray(image)
    return pictures
