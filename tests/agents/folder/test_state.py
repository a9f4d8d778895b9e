"""What a folder of paintings remembers: settings, weights, pictures; version 1 is understood, damage is told of."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from helpers.picture_folders import PAINT, files, fill, paint_again
from paintgym.agents.folder import SETTINGS, state
from paintgym.agents.folder.painted import PaintedFolder
from paintgym.agents.folder.plan import FolderPlan
from paintgym.agents.folder.source import LocalFolder
from paintgym.agents.large.config import PlanConfig, ReuseConfig
from paintgym.agents.policy.config import PlannerConfig
from paintgym.agents.policy.registry import load_network
from paintgym.agents.random_agent import RandomAgent
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
from paintgym.runs import write_json
from paintgym.scripts.main import main


def former_state(out: Path, **changes: object) -> None:
    """What version 1 wrote into a folder of paintings."""
    present = json.loads((out / SETTINGS).read_text())["settings"]
    kept = ("folder", "strokes", "size", "seed", "upscale", "frames", "seconds")
    settings = {
        **{name: present[name] for name in kept},
        "following": False,
        "agent": "random",
        "loss": "mse",
        "policy": None,
        "painter": "gan",
        "style": present["style"],
        **changes,
    }
    (out / SETTINGS).write_text(json.dumps({"format": "paintgym folder", "version": 1, "settings": settings}))


def test_a_folder_of_version_1_is_gone_on_with(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 3)
    paint_again(capsys)
    whole = files(Path("out"))
    former_state(Path("out"))
    Path("out/picture000.png").unlink()
    os.utime(pictures / "picture001.png", (4e9, 4e9))  # Younger than its painting.
    assert "painted 2 pictures of pictures, 1 painted before" in paint_again(capsys)
    assert files(Path("out")) == whole
    former_state(Path("out"), seed=3)
    assert main(PAINT) == 2
    assert "seed is 3 there and 0 now" in capsys.readouterr().err


def test_a_film_of_version_1_is_refused_where_its_order_was_another(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 2)
    options = ["--strokes", "12", "--size", "86", "--follow"]
    paint_again(capsys, *options)
    former_state(Path("out"), following=True)
    assert "painted 0 pictures" in paint_again(capsys, *options)
    for number in (2, 10):
        shutil.copy(pictures / "picture001.png", pictures / f"frame{number}.png")
    former_state(Path("out"), following=True)
    assert main([*PAINT, *options]) == 2
    assert "took its frames in another order" in capsys.readouterr().err


def test_a_folder_remembers_the_agents_settings_and_weights(tmp_path):
    pictures = fill(tmp_path / "pictures", 1)

    def settings(**options: object) -> dict[str, object]:
        agent = load_agent("policy", **options)
        return {"agent": {**agent.settings(), "fingerprint": agent.fingerprint()}, "style": {}}

    plan, first = FolderPlan(4), settings()
    PaintedFolder(LocalFolder(pictures), tmp_path / "out", plan, first)
    PaintedFolder(LocalFolder(pictures), tmp_path / "out", plan, settings())
    kept = json.loads((tmp_path / "out" / SETTINGS).read_text())["settings"]["agent"]
    assert kept == json.loads(json.dumps(first["agent"]))
    network = load_network("paintings")
    next(network.parameters()).view(-1)[0] += 1
    others = {
        "agent.plan.level_ratio": settings(plan=PlanConfig(level_ratio=3.0)),
        "agent.planner.top_k": settings(planner=PlannerConfig(top_k=2)),
        "agent.fingerprint": settings(network=network),
        "agent.painter": settings(painter="vae"),
        "agent.loss": settings(loss="lite"),
        "style.sizes": {**first, "style": {"sizes": "(0, 1)"}},
    }
    for field, other in others.items():
        with pytest.raises(InvalidInputError, match=rf"settings.{re.escape(field)} is .* there and .* now"):
            PaintedFolder(LocalFolder(pictures), tmp_path / "out", plan, other)
    with pytest.raises(InvalidInputError, match=r"settings.reuse.largest_change is missing there"):
        PaintedFolder(LocalFolder(pictures), tmp_path / "out", FolderPlan(4, size=64, reuse=ReuseConfig()), first)


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"paintings": 3}', "null"])
def test_a_damaged_state_costs_a_line(tmp_path, monkeypatch, capsys, damage):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 1)
    paint_again(capsys)
    Path("out", SETTINGS).write_text(damage)
    assert main(PAINT) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{Path('out', SETTINGS)}" in error


def test_the_state_of_many_pictures_is_written_seldom_and_what_was_done_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(state, "_REST", 1e9)
    fill(Path("pictures"), 12)
    written, paint_many = [], RandomAgent.paint_many

    def write(path: Path, document: dict[str, object]) -> None:
        written.append(len(document["paintings"]))
        write_json(path, document)

    def interrupted(agent: RandomAgent, *arguments: object, **options: object) -> object:
        if len(files(Path("out"))) > 6:
            raise KeyboardInterrupt
        return paint_many(agent, *arguments, **options)

    monkeypatch.setattr(state, "write_json", write)
    with monkeypatch.context() as patch:
        patch.setattr(RandomAgent, "paint_many", interrupted)
        assert main(PAINT) == 130
    assert written == [1, 6]
    assert "painted 6 pictures of pictures, 6 painted before" in paint_again(capsys)
    assert written == [1, 6, 7, 12]
