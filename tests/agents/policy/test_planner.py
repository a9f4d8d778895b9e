"""Network and planner: strokes are valid, local, learnable, and the best of those proposed."""

import numpy as np
import paintgym
import pytest
import torch
from helpers.small_policy import SMALL, half_painted
from paintgym.agents.policy.config import HYPOTHESES
from paintgym.agents.policy.network import Scene, StrokeNetwork
from paintgym.agents.policy.planner import Planner, Selection
from paintgym.agents.search.color import best_color
from paintgym.envs.views.canvas import observe
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.stroke import END, START, check_strokes

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def planner() -> Planner:
    torch.manual_seed(0)
    return Planner(StrokeNetwork(**SMALL))


def observations(count: int = 3) -> torch.Tensor:
    return torch.from_numpy(np.stack([half_painted(seed) for seed in range(count)])).float() / 255


def select(planner: Planner, seen: torch.Tensor, count: int, exploration: float = 0.0) -> Selection:
    return planner.select(planner.propose(seen, count, exploration), seen, count, exploration)


@pytest.mark.parametrize("count", [1, 4, 16])
def test_strokes_are_numbers_from_0_to_1(planner: Planner, count: int) -> None:
    strokes = planner(observations(), count)
    assert strokes.shape == (3, count, 12)
    check_strokes(strokes.flatten(0, 1).numpy())


def test_finished_and_even_pictures_get_valid_strokes_too(planner: Planner) -> None:
    white = torch.ones(1, 3, 64, 64)
    for target in (white, 0 * white, 0.5 * white):
        strokes = planner(observe(white, target, torch.tensor([5.0])), 16)
        check_strokes(strokes[0].numpy())


def anchors_of_spot(planner: Planner, x: float, y: float) -> torch.Tensor:
    """Where the network would look first, (8, 2) in pixels, before one dark spot with its middle at x, y."""
    down, along = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
    spot = torch.exp(-((along - x).square() + (down - y).square()) / 30)
    target = 0.9 - spot * torch.tensor([0.1, 0.7, 0.8])[:, None, None]
    seen = observe(torch.full((1, 3, 64, 64), 0.9), target[None], torch.tensor([20.0]))
    return planner.anchors(Scene.of(seen), 8)[0]


def test_anchors_lie_on_the_canvas_and_apart_the_first_where_the_error_is(planner: Planner) -> None:
    for x, y in ((2, 2), (48, 16), (62, 62), (16, 48)):
        anchors = anchors_of_spot(planner, x, y)
        assert ((anchors > 0) & (anchors < 64)).all()
        assert (anchors[0] - torch.tensor([x, y])).abs().max() <= 3
        assert len(anchors.unique(dim=0)) == 8


def test_a_stroke_is_proposed_relative_to_its_anchor(planner: Planner) -> None:
    """Surroundings decide on it; where on the canvas they are, the network sees but a little of."""
    middles = []
    for x in (24, 40):
        down, along = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
        target = 0.9 - 0.8 * torch.exp(-((along - x).square() + (down - 32).square()) / 30).expand(1, 3, 64, 64)
        scene = Scene.of(observe(torch.full((1, 3, 64, 64), 0.9), target, torch.tensor([20.0])))
        strokes = planner.network(scene, torch.tensor([[[x, 32.0]]]))
        middles.append(32 * (strokes[0, 0, :, START] + strokes[0, 0, :, END]))
    torch.testing.assert_close(middles[1] - middles[0], torch.tensor([16.0, 0.0]).expand(HYPOTHESES, 2), atol=2, rtol=0)


def test_gradients_reach_the_head_and_the_windows(planner: Planner) -> None:
    proposed = planner.decode(observations(), select(planner, observations(), 4))
    gradients = torch.autograd.grad(proposed.square().sum(), list(planner.network.windows.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0


def test_exploration_alone_is_random(planner: Planner) -> None:
    first, second = (planner(observations(), 4) for _ in range(2))
    assert torch.equal(first, second)
    first, second = (select(planner, observations(), 4, 2.0).strokes for _ in range(2))
    assert not torch.equal(first, second)


def test_what_is_laid_is_better_than_what_was_proposed_and_that_than_chance(planner: Planner) -> None:
    seen, proxy = observations(6), ProxyPainter()
    canvas, target = seen[:, :3], seen[:, 3:6]
    selection = select(planner, seen, 4)
    proposed = planner.decode(seen, selection)
    anyhow = planner.decode(seen, selection._replace(numbers=(selection.numbers + 1) % HYPOTHESES))
    errors = [
        (paintgym.paint_strokes(canvas, strokes, proxy) - target).square().mean((1, 2, 3)).detach()
        for strokes in (selection.strokes, proposed, anyhow)
    ]
    assert (errors[0] < errors[1]).all()
    assert errors[1].mean() < errors[2].mean()


def test_what_is_picked_is_of_the_better_half_of_its_place(planner: Planner) -> None:
    proposals = planner.propose(observations(), 6)
    selection = planner.select(proposals, observations(), 6)
    _, gain = best_color(proposals.coverage, proposals.canvas, proposals.target)
    for anchors, gains, places, numbers in zip(
        proposals.anchors, gain.unflatten(1, (-1, HYPOTHESES)), selection.anchors, selection.numbers, strict=True
    ):
        for place, number in zip(places, numbers, strict=True):
            (there,) = gains[(anchors == place).all(1)]
            assert (there > there[number]).sum() < HYPOTHESES // 2
