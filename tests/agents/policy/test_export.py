"""Exported policies act as they do in paintgym, in processes that know nothing of its agents."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.small_policy import half_painted, save_small_policy
from paintgym.agents.policy.sb3_policy import load_policy
from paintgym.scripts.main import main

pytestmark = pytest.mark.usefixtures("one_thread")

_ZIP = """
import numpy as np, paintgym
from stable_baselines3 import PPO
model = PPO.load("policy.zip", device="cpu")
np.save("actions.npy", model.predict(np.load("seen.npy"), deterministic=True)[0])
"""
_ONNX = """
import numpy as np, onnxruntime, sys
session = onnxruntime.InferenceSession("policy.onnx", providers=["CPUExecutionProvider"])
actions = [session.run(["action"], {"observation": seen[None]})[0][0] for seen in np.load("seen.npy")]
np.save("actions.npy", actions)
assert "torch" not in sys.modules and "paintgym" not in sys.modules
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_policy(tmp_path_factory.mktemp("policy") / "small.safetensors")


def export_and_act(policy: Path, name: str, script: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    seen = np.stack([half_painted(seed, left) for seed, left in ((0, 200), (1, 60), (2, 3))])
    np.save(folder / "seen.npy", seen)
    assert main(["export-policy", str(policy), "--out", str(folder / name), "--strokes-per-step", "2"]) == 0
    finished = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return np.load(folder / "actions.npy"), load_policy(policy, 2).predict(seen, deterministic=True)[0]


@pytest.mark.slow
def test_the_zip_acts_the_same_under_plain_stable_baselines3(policy: Path, tmp_path: Path) -> None:
    exported, own = export_and_act(policy, "policy.zip", _ZIP, tmp_path)
    assert exported.shape == (3, 24)
    np.testing.assert_allclose(exported, own, atol=1e-5)


@pytest.mark.slow
def test_the_onnx_file_acts_the_same_under_onnxruntime(policy: Path, tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    exported, own = export_and_act(policy, "policy.onnx", _ONNX, tmp_path)
    assert exported.shape == (3, 24)
    np.testing.assert_allclose(exported, own, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--out", "policy.pt"], ".zip or .onnx"),
        (["--out", "nowhere/policy.zip"], "nowhere"),
        (["--out", "policy.zip", "--strokes-per-step", "0"], "--strokes-per-step"),
    ],
)
def test_mistakes_write_nothing(
    policy: Path, arguments: list[str], complaint: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export-policy", str(policy), *arguments]) == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_onnx_the_export_says_what_to_install(policy: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["export-policy", str(policy), "--out", str(tmp_path / "policy.onnx")]) == 2
    assert "paintgym[onnx]" in capsys.readouterr().err
