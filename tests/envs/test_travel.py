"""Objects travel: pickled, cloudpickled, deep-copied, spawned or forked, they go on as they would have at home."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from helpers.bam_database import row, write_database, write_picture
from helpers.small_vector import ID
from paintgym.agents.policy.sb3_policy import load_policy
from paintgym.agents.registry import load_agent
from paintgym.agents.training.vec_env import PaintingVecEnv
from paintgym.envs.losses.registry import make_loss
from paintgym.envs.targets.targets import Targets, load_targets
from paintgym.painters.registry import load_painter
from PIL import Image
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

PICTURES = list(np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8))
BASE: dict[str, Any] = {"target": PICTURES, "perceptual": "lite", "stroke_budget": 4, "size": 36}

JOURNEYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "cloudpickle": lambda thing: cloudpickle.loads(cloudpickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
}
journeys = pytest.mark.parametrize("travel", JOURNEYS.values(), ids=JOURNEYS)


def run(code: str, timeout: int = 240) -> str:
    """What a script of its own prints; it fails, and does not wait for ever, where the script hangs."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@journeys
def test_an_environment_goes_on_alike_in_the_midst_of_an_episode(travel: Callable[[Any], Any]) -> None:
    env = gymnasium.make(ID, **BASE, render_mode="rgb_array")
    env.reset(seed=3)
    env.action_space.seed(4)
    env.step(env.action_space.sample())
    records = []
    for traveller in (travel(env), env):
        records.append([traveller.step(traveller.action_space.sample()) for _ in range(3)])
        records[-1] += [traveller.reset() for _ in range(4)] + [traveller.render(), traveller.step(np.zeros(12))]
    assert data_equivalence(*records)


@journeys
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_vector_environment_goes_on_alike(travel: Callable[[Any], Any], mode: str) -> None:
    env = gymnasium.make_vec(ID, num_envs=3, autoreset_mode=mode, max_episode_steps=3, **BASE)
    env.reset(seed=[5, None, 6])
    env.action_space.seed(4)
    env.step(env.action_space.sample())
    env.reset(options={"reset_mask": np.array([False, True, False])})
    records = [[traveller.step(traveller.action_space.sample()) for _ in range(9)] for traveller in (travel(env), env)]
    assert data_equivalence(*records)


@journeys
def test_the_vec_env_of_stable_baselines_goes_on_alike(travel: Callable[[Any], Any]) -> None:
    env = PaintingVecEnv(gymnasium.make_vec(ID, num_envs=2, autoreset_mode="SameStep", **BASE))
    env.seed(1)
    env.reset()
    actions = np.random.default_rng(0).uniform(-1, 1, (6, 2, 12)).astype(np.float32)
    env.step(actions[0])
    records = [[traveller.step(action) for action in actions[1:]] for traveller in (travel(env), env)]
    assert data_equivalence(*records)


@journeys
@pytest.mark.parametrize("name", ["random", "greedy", "gradient", "policy"])
def test_an_agent_paints_the_same_picture_elsewhere(travel: Callable[[Any], Any], name: str) -> None:
    agent = load_agent(name, **({"iterations": 2} if name == "gradient" else {}))
    paintings = [traveller.paint(PICTURES[0], 3, seed=2) for traveller in (travel(agent), agent)]
    assert np.array_equal(paintings[0].strokes, paintings[1].strokes)
    assert np.array_equal(paintings[0].image, paintings[1].image)


@journeys
def test_a_policy_with_its_environments_learns_on_elsewhere(travel: Callable[[Any], Any]) -> None:
    env = gymnasium.make_vec(ID, num_envs=2, autoreset_mode="SameStep", **BASE)
    model = load_policy("mnist", env=env, n_steps=4, batch_size=8, n_epochs=1, device="cpu")
    observation = env.reset(seed=0)[0]
    away = travel(model)
    assert np.array_equal(
        away.predict(observation, deterministic=True)[0], model.predict(observation, deterministic=True)[0]
    )
    before = away.policy.network.shape.weight.clone()
    away.learn(8)
    assert away.num_timesteps == 8
    assert not torch.equal(away.policy.network.shape.weight, before)
    assert torch.equal(model.policy.network.shape.weight, before)


@journeys
@pytest.mark.parametrize("name", ["gan", "vae", "gan-deconv"])
def test_a_painter_travels(travel: Callable[[Any], Any], name: str) -> None:
    painter, strokes = load_painter(name), torch.rand(3, 12)
    assert torch.equal(travel(painter)(strokes), painter(strokes))
    assert travel(painter).name == name


@journeys
@pytest.mark.parametrize("name", ["mse", "lite", "lite-bf16"])
def test_a_loss_travels(travel: Callable[[Any], Any], name: str) -> None:
    loss, canvas, target = make_loss(name), torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    assert torch.equal(travel(loss)(canvas, loss.features(target)), loss(canvas, loss.features(target)))


@journeys
@pytest.mark.parametrize("source", ["mnist", "photographs", "array", "list", "file", "folder", "bytes"])
def test_targets_travel_and_leave_behind_what_they_remember(
    travel: Callable[[Any], Any], source: str, tmp_path: Path, data: Callable[[str], Path]
) -> None:
    if source == "mnist":
        data("MNIST/raw")
    for number, picture in enumerate(PICTURES):
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
    given = {
        "array": PICTURES[0],
        "list": [*PICTURES, tmp_path / "1.png"],
        "file": tmp_path / "0.png",
        "folder": tmp_path,
        "bytes": (tmp_path / "0.png").read_bytes(),
    }
    targets = load_targets(given.get(source, source), 20)
    fresh = len(pickle.dumps(targets))
    expected = [targets.picture(index) for index in range(min(len(targets), 50))]
    assert len(pickle.dumps(targets)) == fresh
    away: Targets = travel(targets)
    assert len(away) == len(targets)
    for index, picture in enumerate(expected):
        assert np.array_equal(away.picture(index), picture)
        assert away.name(index) == targets.name(index)
        assert not away.picture(index).flags.writeable


def _paint_a_little(env: Any, pipe: Any) -> None:
    torch.set_num_threads(1)  # as here: sums depend on how threads share them
    pipe.send([env.step(np.full(12, 0.3)), env.reset(), env.unwrapped.targets])


def test_a_spawned_worker_goes_on_with_an_environment_and_sends_its_targets_back() -> None:
    env = gymnasium.make(ID, **BASE)
    env.reset(seed=1)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=_paint_a_little, args=(env, there))
    worker.start()
    try:
        assert here.poll(240), "the worker says nothing"
        step, reset, targets = here.recv()
    finally:
        worker.join(10)
        worker.kill()
    assert data_equivalence([step, reset], [env.step(np.full(12, 0.3)), env.reset()])
    assert np.array_equal(targets.picture(0), env.unwrapped.targets.picture(0))


def test_workers_of_stable_baselines_send_targets_and_paint_alike() -> None:
    env = make_vec_env(
        f"paintgym:{ID}",  # the workers import what is before the colon
        2,
        seed=3,
        env_kwargs={**BASE, "perceptual": "mse"},
        vec_env_cls=SubprocVecEnv,
        vec_env_kwargs={"start_method": "spawn"},
    )
    try:
        targets = env.get_attr("targets")
        observations = env.reset()
    finally:
        env.close()
    assert [len(one) for one in targets] == [3, 3]
    single = gymnasium.make(ID, **{**BASE, "perceptual": "mse"})
    assert np.array_equal(observations[1], single.reset(seed=4)[0])


def test_a_buffer_that_is_written_anew_changes_no_target() -> None:
    buffer = np.zeros((36, 36, 3), np.uint8)
    tensor = torch.zeros(36, 36, 3, dtype=torch.uint8)
    image = Image.new("RGB", (36, 36))
    envs = [gymnasium.make(ID, **{**BASE, "target": target}) for target in (buffer, tensor, image, [buffer], (tensor,))]
    many = gymnasium.make_vec(ID, num_envs=2, **{**BASE, "target": buffer})
    buffer[:], tensor[:] = 255, 255
    image.paste((255, 255, 255), (0, 0, 36, 36))
    for env in [*envs, gymnasium.make(envs[0].spec), many, gymnasium.make_vec(many.spec)]:
        observations = env.reset(seed=0)[0]
        assert not observations.reshape(-1, 7, 36, 36)[:, 3:6].any()


def test_an_option_of_a_reset_is_copied_too() -> None:
    buffer = np.zeros((36, 36, 3), np.uint8)
    env = gymnasium.make(ID, **BASE)
    env.reset(options={"target": buffer})
    buffer[:] = 255
    assert not env.step(np.zeros(12))[0][3:6].any()


@pytest.mark.parametrize("form", ["folder", "file", "list", "data folder", "bam"])
def test_another_working_directory_changes_no_target(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "paintings").mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.setenv("PAINTGYM_DATA", ".")
    for number, picture in enumerate(PICTURES):
        Image.fromarray(picture).save(home / "paintings" / f"{number}.png")
    (home / "mine").symlink_to(home / "paintings")
    rows = [f"{number % 3}.png,Somebody {number},Nothing" for number in range(30)]
    (home / "paintings" / "paintings.csv").write_text("\n".join(["file,artist,title", *rows]))
    if form == "bam":
        write_database(home / "bam" / "bam.sqlite", [row(number) for number in range(1, 4)])
        for number in range(1, 4):
            write_picture(home / "bam" / f"{number}.jpg", 40 * number)
    source = {"folder": "mine", "file": "mine/0.png", "list": ["mine/0.png"], "data folder": "paintings"}
    env = gymnasium.make(ID, **{**BASE, "target": source.get(form, "bam")})
    before = env.reset(seed=0)[0]
    fresh = pickle.dumps(env.unwrapped.targets)
    monkeypatch.chdir("/")
    assert np.array_equal(env.reset(seed=0)[0], before)
    away: Targets = pickle.loads(fresh)
    assert np.array_equal(away.picture(0), env.unwrapped.targets.picture(0))


FORKED = """
    import numpy, torch, gymnasium, paintgym
    torch.set_num_threads(2)
    options = dict(target=numpy.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype="uint8"), perceptual="lite")
    here = gymnasium.make_vec("paintgym/Painting-v0", num_envs=16, **options)
    here.reset(seed=0)
    here.step(here.action_space.sample())
"""


@pytest.mark.parametrize("context", ["None", "'fork'", "'spawn'"])
def test_gymnasiums_worker_processes_paint_after_two_threads_have_painted_here(context: str, tmp_path: Path) -> None:
    code = (
        textwrap.dedent(FORKED)
        + f"""
if __name__ == "__main__":
    workers = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, vectorization_mode="async",
                                 vector_kwargs=dict(context={context}), **options)
    observations, _ = workers.reset(seed=0)
    print(observations.shape, flush=True)
    print(numpy.isfinite(workers.step(numpy.zeros((2, 12), "float32"))[1]).all(), flush=True)
    workers.close()
"""
    )
    script = tmp_path / "script.py"  # spawned workers import it
    script.write_text(code)
    assert run(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')") == "(2, 7, 64, 64)\nTrue\n"


def test_a_forked_process_paints_with_one_thread_and_its_parent_keeps_its_own() -> None:
    code = (
        textwrap.dedent(FORKED)
        + """
import multiprocessing
def paint(pipe):
    env = gymnasium.make("paintgym/Painting-v0", **options)
    env.reset(seed=0)
    painting = paintgym.load_agent("policy", loss="lite").paint(options["target"], 4)
    pipe.send((torch.get_num_threads(), env.step(numpy.zeros(12))[1] < 0, len(painting.strokes)))
context = multiprocessing.get_context("fork")
mine, other = context.Pipe()
worker = context.Process(target=paint, args=(other,))
worker.start()
assert mine.poll(200), "the child hangs"
print(mine.recv(), torch.get_num_threads())
worker.join()
"""
    )
    assert run(code) == "(1, True, 4) 2\n"
