"""What a stroke of a painting through windows contributes."""

from dataclasses import replace

import numpy as np
import paintgym
import torch
from paintgym.agents.large.contribution import stroke_contributions
from paintgym.painters.stroke_list import StrokeList
from paintgym.painters.windows import paint_list


def test_a_stroke_contributes_what_the_error_rises_without_it():
    random = np.random.default_rng(0)
    strokes, windows = random.random((12, 12)).astype(np.float32), np.float32([[0, 0, 96]] * 6 + [[40, 10, 64]] * 6)
    stroke_list, painter = StrokeList(96, 80, strokes, windows), paintgym.load_agent("random").painter
    target = torch.from_numpy(random.random((3, 80, 96), np.float32))

    def error(kept: StrokeList) -> torch.Tensor:
        return (paint_list(kept, painter) - target).square().sum()

    rises = []
    for number in range(len(stroke_list)):
        rest = np.delete(np.arange(len(stroke_list)), number)
        rises.append(error(replace(stroke_list, strokes=strokes[rest], windows=windows[rest])) - error(stroke_list))
    torch.testing.assert_close(
        stroke_contributions(stroke_list, painter, target), torch.stack(rises), atol=0.1, rtol=1e-3
    )
