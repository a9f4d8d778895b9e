"""The policy: its network's strokes are valid and local, its files travel, its agents paint the whole budget."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import paintgym
import pytest
import torch
from helpers.small_policy import SMALL, half_painted, save_small_policy, smooth_picture
from paintgym.agents.agent import Progress
from paintgym.agents.policy.network import HYPOTHESES, Scene, StrokeNetwork
from paintgym.agents.policy.planner import Planner, Selection
from paintgym.agents.policy.registry import load_network
from paintgym.agents.policy.rollout import paint_steps
from paintgym.agents.policy.sb3_policy import PaintingPolicy, build_policy, load_policy, save_policy
from paintgym.agents.policy.schedule import strokes_per_step
from paintgym.agents.registry import load_agent
from paintgym.agents.search.color import best_color
from paintgym.agents.training.analytic import AnalyticTrainer, regret
from paintgym.envs.views import observe
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.pixels import to_tensor
from paintgym.painters.stroke import END, START, check_strokes
from paintgym.scripts.main import main
from safetensors.torch import save_file
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def planner() -> Planner:
    torch.manual_seed(0)
    return Planner(StrokeNetwork(**SMALL))


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_policy(tmp_path_factory.mktemp("policy") / "small.safetensors")


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
    seen, draft = observations(6), ProxyPainter()
    canvas, target = seen[:, :3], seen[:, 3:6]
    selection = select(planner, seen, 4)
    proposed = planner.decode(seen, selection)
    anyhow = planner.decode(seen, selection._replace(numbers=(selection.numbers + 1) % HYPOTHESES))
    left = [
        (paintgym.paint_strokes(canvas, strokes, draft) - target).square().mean((1, 2, 3)).detach()
        for strokes in (selection.strokes, proposed, anyhow)
    ]
    assert (left[0] < left[1]).all()
    assert left[1].mean() < left[2].mean()


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


@pytest.mark.parametrize("budget", [1, 5, 23, 200, 1000])
def test_steps_paint_the_whole_budget_and_no_more(planner: Planner, budget: int) -> None:
    target = to_tensor(smooth_picture(3)[None])
    steps = list(paint_steps(planner, target, budget, ProxyPainter()))
    assert sum(strokes.shape[1] for strokes, _ in steps) == budget
    assert len(steps) <= max(25, budget // 16 + 1)
    assert strokes_per_step(budget) <= budget


def test_strokes_fall_short_by_what_the_best_would_gain_more() -> None:
    alike = torch.full((2, 3, 4), 5.0)
    assert regret(alike) == regret(7 * alike) == pytest.approx(-math.log(1.1))
    one = torch.zeros(1, 3, 4)
    one[0, 0, 0] = 1.0
    assert regret(-one) > regret(one) > regret(alike)
    # Of those in a place the best counts nearly alone, and the worst has a gradient too, where it gains at all.
    gain = torch.tensor([[[1.0, 0.5, 0.1]]], requires_grad=True)
    (gradient,) = torch.autograd.grad(regret(gain), gain)
    assert (gradient < 0).all()


def test_a_training_step_moves_every_weight_and_paints_on() -> None:
    network = StrokeNetwork(**SMALL)
    pictures = torch.stack([to_tensor(smooth_picture(seed)[None])[0] for seed in range(5)])

    def draw(count: int, random: np.random.Generator) -> torch.Tensor:
        return pictures[torch.from_numpy(random.integers(len(pictures), size=count))]

    trainer = AnalyticTrainer(network, ProxyPainter(), draw, np.random.default_rng(0), learning_rate=1e-2, steps=10)
    before = {name: value.clone() for name, value in network.named_parameters()}
    for _ in range(2):
        figures = trainer.train_step()
    assert all(np.isfinite(value) for value in figures.values())
    still = [name for name, value in network.named_parameters() if torch.equal(value, before[name])]
    assert still == []


def test_a_saved_policy_acts_as_before_but_for_rounding(tmp_path: Path) -> None:
    model = build_policy(2, **SMALL)
    save_policy(model.policy, tmp_path / "policy.safetensors", SMALL, {"score": 1})
    assert json.loads((tmp_path / "policy.json").read_text()) == {"score": 1}
    loaded = load_policy(tmp_path / "policy.safetensors", 2)
    again = load_policy(tmp_path / "policy.safetensors", 2)
    seen = half_painted(0)
    actions, rounded, same = (one.predict(seen, deterministic=True)[0] for one in (model, loaded, again))
    assert actions.shape == (24,)
    np.testing.assert_allclose(actions, rounded, atol=0.02)
    np.testing.assert_array_equal(rounded, same)


def test_the_same_file_serves_any_number_of_strokes_a_step(policy_file: Path) -> None:
    actions = [load_policy(policy_file, count).predict(half_painted(0), deterministic=True)[0] for count in (1, 8)]
    assert [len(action) for action in actions] == [12, 96]
    assert all(np.abs(action).max() <= 1 for action in actions)


def test_broken_policy_files_are_refused_in_one_line(policy_file: Path, tmp_path: Path) -> None:
    weights = {"network.shape.weight": torch.zeros(3)}
    save_file(weights, tmp_path / "other.safetensors")
    save_file(weights, tmp_path / "few.safetensors", metadata={"policy": "{}"})
    save_file(weights, tmp_path / "odd.safetensors", metadata={"policy": '{"color": 1}'})
    save_file(weights, tmp_path / "list.safetensors", metadata={"policy": "[1]"})
    (tmp_path / "cut.safetensors").write_bytes(policy_file.read_bytes()[:1000])
    (tmp_path / "empty.safetensors").touch()
    for name in ("other", "few", "odd", "list", "cut", "empty"):
        with pytest.raises(InvalidInputError, match="not a policy file") as mistake:
            load_policy(tmp_path / f"{name}.safetensors")
        assert "\n" not in str(mistake.value)
    with pytest.raises(InvalidInputError, match="train-policy"):
        load_policy(tmp_path / "missing.safetensors")
    with pytest.raises(InvalidInputError, match="unknown policy 'monet'"):
        load_policy("monet")


@pytest.mark.parametrize(("observed", "acted"), [((6, 64, 64), (12,)), ((7, 64, 64), (13,))])
def test_spaces_of_another_environment_are_refused(observed: tuple[int, ...], acted: tuple[int, ...]) -> None:
    from gymnasium.spaces import Box

    with pytest.raises(InvalidInputError, match="shape"):
        PaintingPolicy(Box(0, 255, observed, np.uint8), Box(-1, 1, acted, np.float32), lambda _: 1e-4)


def test_learning_leaves_choices_alone_so_that_likelihoods_change_little_by_little() -> None:
    torch.manual_seed(1)
    policy = build_policy(4, **SMALL).policy
    seen = torch.from_numpy(np.stack([half_painted(seed) for seed in range(6)]))
    policy.set_training_mode(False)
    with torch.no_grad():
        actions = policy(seen, deterministic=True)[0]
    before = policy.evaluate_actions(seen, actions)[1]
    policy.set_training_mode(True)
    torch.testing.assert_close(policy.evaluate_actions(seen, actions)[1], before, atol=1e-3, rtol=1e-4)
    with torch.no_grad():
        policy.network.shape.weight.add_(0.03 * torch.randn_like(policy.network.shape.weight))
    torch.testing.assert_close(policy.evaluate_actions(seen, actions)[1], before, atol=0.1, rtol=0)
    policy.set_training_mode(False)
    # Some would be laid elsewhere now.
    assert (policy.evaluate_actions(seen, actions)[1] < before - 10).any()


@pytest.mark.parametrize("size", [64, 32])
def test_ppo_learns_with_it_in_the_batched_environment(size: int) -> None:
    import gymnasium

    options = {"target": [smooth_picture(0)], "perceptual": "mse", "stroke_budget": 4, "strokes_per_step": 2}
    env = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, autoreset_mode="SameStep", size=size, **options)
    vec = VecMonitor(paintgym.PaintingVecEnv(env))
    model = PPO(paintgym.PaintingPolicy, vec, n_steps=4, batch_size=4, n_epochs=1, policy_kwargs=SMALL)
    before = model.policy.network.shape.weight.clone()
    model.learn(8)
    assert not torch.equal(before, model.policy.network.shape.weight)


def test_agents_paint_the_whole_budget_and_report_it(policy_file: Path) -> None:
    network = load_network(policy_file)
    for name, options in (("policy", {}), ("policy+refine", {"iterations": 3})):
        reports: list[Progress] = []
        agent = load_agent(name, policy=network, painter=ProxyPainter(), loss="mse", **options)
        painting = agent.paint(smooth_picture(5), 21, progress=reports.append)
        assert painting.agent == name
        assert painting.strokes.shape == (21, 12)
        check_strokes(painting.strokes)
        assert (reports[-1].strokes, reports[-1].fraction) == (21, 1.0)
        np.testing.assert_array_equal(agent.paint(smooth_picture(5), 21).strokes, painting.strokes)


def test_refining_improves_on_the_policys_strokes(policy_file: Path) -> None:
    network = load_network(policy_file)
    begun, refined = (
        load_agent(name, policy=network, painter=ProxyPainter(), loss="mse", **options).paint(smooth_picture(7), 12)
        for name, options in (("policy", {}), ("policy+refine", {"iterations": 30}))
    )
    assert refined.loss < 0.8 * begun.loss


def test_refining_keeps_its_time_limit_and_its_options(policy_file: Path) -> None:
    agent = load_agent("policy+refine", policy=policy_file, painter=ProxyPainter(), loss="mse", time_limit=0.2)
    agent.iterations = 1_000_000
    assert agent.paint(smooth_picture(1), 6).strokes.shape == (6, 12)
    with pytest.raises(InvalidInputError, match="no option 'color'"):
        load_agent("policy+refine", color=1)


def test_the_command_paints_with_a_policy_file(policy_file: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "painting.png"
    arguments = ["--agent", "policy", "--policy", str(policy_file), "--strokes", "9", "--out", str(output)]
    assert main(["paint", *arguments]) == 0
    assert "policy painted still_life.jpg" in capsys.readouterr().out
    assert output.stat().st_size > 0
