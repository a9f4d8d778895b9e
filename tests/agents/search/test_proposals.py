"""Random strokes lie where the error is, along the edges of the picture."""

import torch
from paintgym.agents.search.config import ProposalConfig
from paintgym.agents.search.proposals import EdgeField, draw_candidates
from paintgym.painters import stroke as layout
from paintgym.painters.stroke import check_strokes


def test_candidates_lie_where_the_error_is_and_along_the_edges() -> None:
    config, target = ProposalConfig(), torch.zeros(3, 64, 64)
    target[:, :, 32:] = 1
    error = torch.zeros(64, 64)
    error[20:44, 30:34] = 1
    edges, generator = EdgeField(target[None], config), torch.Generator().manual_seed(0)
    (strokes,) = draw_candidates([200], error[None], edges, [generator], config)
    check_strokes(strokes.numpy())
    middle = strokes[:, layout.CONTROL] * 64
    assert ((middle[:, 0] - 32).abs() < 16).all()
    reach = (strokes[:, layout.END] - strokes[:, layout.START]).abs()
    assert (reach[:, 1] > reach[:, 0]).float().mean() > 0.85
