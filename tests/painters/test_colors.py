"""Colors and ranges of a style are taken in every form, or refused with the cause."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
from paintgym.painters.style import Style, choose_palette

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
COLORS = [[0.25, 0.5, 0.75], [1.0, 0.0, 0.5]]


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda color: np.array(color, np.float64)])
def test_colors_are_tuples_lists_arrays_and_tensors(kind: Callable[[Any], Any]) -> None:
    style = Style(background=kind(COLORS[0]), palette=kind(COLORS), sizes=kind([0.25, 0.5]))
    assert style.background == (0.25, 0.5, 0.75)
    assert style.sizes == (0.25, 0.5)
    assert style.palette.dtype == np.float32
    assert style.palette.tolist() == COLORS
    painting = load_agent("policy").paint(PICTURE, 3, style=style)
    assert {tuple(color) for color in painting.strokes[:, 6:9].tolist()} <= {tuple(color) for color in COLORS}
    assert len(choose_palette(PICTURE, np.int64(4))) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"background": (0.1, 0.2)},
        {"background": "red"},
        {"background": (0.1, 0.2, 2)},
        {"background": (0.1, 0.2, float("nan"))},
        {"palette": [[0.1, 0.2]]},
        {"palette": "red"},
        {"palette": [[0.0, 0.5, 1.5]]},
        {"sizes": (0.5, 0.2)},
        {"sizes": 0.5},
        {"lengths": (0.1, "long")},
    ],
)
def test_colors_and_ranges_that_cannot_be_are_refused_in_one_line(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(change))) as caught:
        Style(**change)
    assert "\n" not in str(caught.value)
