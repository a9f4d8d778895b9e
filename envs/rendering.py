"""Pictures of environments as they stand: canvas beside target, and where a view looks."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..painters.pixels import to_uint8
from .state import PaintingState
from .views.focus import FocusView
from .views.view import View

_FRAME_COLOR = (230, 0, 120)
"""Of the window that a view looks through: seldom a painting's own."""


def render_state(state: PaintingState, view: View) -> NDArray[np.uint8]:
    """Canvases with their targets to the right, (B, size, 2 * size, 3) uint8, and on both where a view looks."""
    pictures: NDArray[np.uint8] = to_uint8(torch.cat((state.canvas, state.target), 3))
    if isinstance(view, FocusView) and state.focus is not None:
        size = state.canvas.shape[-1]
        for picture, (x, y, *turn) in zip(pictures, state.focus.tolist(), strict=True):
            image = Image.fromarray(picture)
            low, high = -view.side / 2, view.side / 2 - 1
            right = complex(math.cos(*turn), math.sin(*turn)) if turn else 1
            corners = [right * complex(*end) for end in ((low, low), (high, low), (high, high), (low, high))]
            for left in (0, size):
                half = image.crop((left, 0, left + size, size))
                frame = [(x + corner.real, y + corner.imag) for corner in corners]
                ImageDraw.Draw(half).polygon(frame, outline=_FRAME_COLOR)
                image.paste(half, (left, 0))
            picture[:] = np.asarray(image)
    return pictures
