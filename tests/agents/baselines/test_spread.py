"""Runs of baselines as tasks of a real Ray cluster: the scores of one machine, and nothing that is finished is lost."""

import shutil
import sys
from types import SimpleNamespace

import pytest
from helpers.ray_clusters import NEEDS_RAY, cluster_of, kill_worker, meanwhile
from paintgym.agents.baselines import runner
from paintgym.agents.baselines.config import AnalyticGradientConfig, NetworkConfig
from paintgym.agents.baselines.run import RESULT, RunPlan, begin
from paintgym.agents.baselines.runner import train_all
from paintgym.errors import InvalidInputError
from paintgym.scripts.main import main

PLANS = [
    RunPlan(
        "Shapes-v0",
        "analytic",
        steps=400,
        seed=seed,
        points=2,
        curve_episodes=2,
        episodes=3,
        config=AnalyticGradientConfig(num_envs=4, network=NetworkConfig(channels=(8, 8), hidden=16)),
    )
    for seed in range(5)
]


@NEEDS_RAY
@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_five_seeds_as_tasks_score_as_one_after_the_other(tmp_path):
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    scores = {document["settings"]["seed"]: document["final"]["scores"] for document in train_all(PLANS, alone)}
    first = PLANS[0].folder(spread)
    shutil.copytree(PLANS[0].folder(alone), first)
    before = (first / RESULT).stat().st_mtime_ns
    with cluster_of(2) as cluster:
        killing = (lambda: (PLANS[1].folder(spread) / "points").is_dir(), lambda: kill_worker("_train_where"))
        with meanwhile(killing):
            documents = list(train_all(PLANS, spread, on=cluster.address))
        assert {document["settings"]["seed"]: document["final"]["scores"] for document in documents} == scores
        assert (first / RESULT).stat().st_mtime_ns == before
        assert len(scores) == len({tuple(score) for score in scores.values()}) == 5


def test_a_run_on_a_gpu_asks_the_cluster_for_one_and_a_node_without_is_named(tmp_path, monkeypatch):
    asked = []

    def remote(**options):
        asked.append(options)
        return lambda function: SimpleNamespace(remote=function)

    ray = SimpleNamespace(
        remote=remote,
        wait=lambda waiting, num_returns: (waiting[:1], waiting[1:]),
        get=lambda document: document,
        util=SimpleNamespace(get_node_ip_address=lambda: "10.0.0.2"),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(runner, "wait_for_room", lambda *room: asked.append(room))
    begin(PLANS[0], tmp_path)
    with pytest.raises(InvalidInputError, match=r"the cluster's node 10\.0\.0\.2: device is 'cuda'.*no GPU"):
        next(runner._train_as_tasks(tmp_path, "cuda", iter(PLANS)))
    assert asked[0] == (1, 1)
    assert asked[1].items() >= {"num_cpus": 1, "num_gpus": 1}.items()


@NEEDS_RAY
@pytest.mark.slow
def test_a_gpu_is_asked_for_where_the_command_runs_without_one(tmp_path, capfd):
    words = ["train-baseline", "ppo", "--steps", "64", "--device", "cuda", "--out", str(tmp_path)]
    with cluster_of(1, num_gpus=1) as cluster:
        assert main([*words, "--on", cluster.address]) == 2
    error = capfd.readouterr().err.splitlines()[-1]
    assert error.startswith("paintgym: the cluster's node ")
    assert "device is 'cuda', which cannot be used here (torch finds no GPU)" in error


def test_what_is_finished_needs_no_cluster_and_other_runs_are_refused(tmp_path):
    (document,) = train_all(PLANS[:1], tmp_path)
    assert list(train_all(PLANS[:1], tmp_path, on="127.0.0.1:9")) == [document]
    other = RunPlan("Shapes-v0", "analytic", steps=80)
    with pytest.raises(InvalidInputError, match="steps"):
        next(train_all([other], tmp_path, on="127.0.0.1:9"))
