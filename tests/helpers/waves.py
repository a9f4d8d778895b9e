"""Smooth pictures, whose paintings depend little on how sums are rounded."""

import numpy as np
from numpy.typing import NDArray


def waves(seed: int, side: int = 64) -> NDArray[np.uint8]:
    """Waves in color, others for every seed: (side, side, 3)."""
    y, x = np.mgrid[:side, :side] / side
    channels = [np.sin((5 + 3 * channel + seed) * x + (7 - channel) * y) for channel in range(3)]
    return np.rint(255 * (0.5 + 0.5 * np.stack(channels, -1))).astype(np.uint8)
