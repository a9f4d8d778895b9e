"""The examples, each run by the command in its first line with a budget of moments, warnings being errors."""

import ast
import importlib.util
import re
import runpy
import shlex
import sys
from pathlib import Path

import paintgym.scripts.examples
import pytest

FOLDER = Path(paintgym.scripts.examples.__file__).parent
SHORT = "--stroke-budget 2 --num-envs 2"

EXAMPLES = {
    "sb3_ppo": f"{SHORT} --total-steps 8 --rollout 4 --batch-size 4",
    "sb3_sac": f"{SHORT} --total-steps 8 --learning-starts 4 --batch-size 4 --buffer-size 20",
    "torchrl_gym": f"{SHORT} --total-steps 16 --epochs 1 --minibatches 2",
    "rllib_ppo": f"{SHORT} --iterations 1 --batch-size 8 --minibatch-size 4",
    "cleanrl_style_ppo": f"{SHORT} --total-steps 16 --rollout 4 --minibatches 2",
    "gradients_through_canvas": "--strokes 4 --steps 11",
}
EXTRAS = {"torchrl_gym": "torchrl", "rllib_ppo": "ray"}


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text())).splitlines()[0]
    command = re.search("``python -m (.*)``", summary).group(1)
    module, *arguments = shlex.split(command)
    monkeypatch.setattr(sys, "argv", [module, *arguments, *EXAMPLES[name].split()])  # the last of two options counts
    runpy.run_module(module, run_name="__main__")


def test_every_example_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == {"__init__", *EXAMPLES}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.filterwarnings("error")
def test_the_example_runs(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    extra = EXTRAS.get(name)
    if extra and importlib.util.find_spec(extra) is None:
        pytest.skip(f"needs {extra}: pip install paintgym[{extra}]")
    run(name, monkeypatch)
    printed = capsys.readouterr().out
    values = re.findall(r"loss (?:by )?(-?\d+\.\d+)", printed)
    assert values, printed
    if name == "gradients_through_canvas":
        first, last = float(values[0]), float(values[-1])
        assert last < first
