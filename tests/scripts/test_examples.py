"""The examples, each run by the command in its first line with a budget of moments, warnings being errors."""

import ast
import importlib.util
import re
import runpy
import shlex
import sys
from pathlib import Path

import paintgym
import paintgym.scripts.examples
import pytest

FOLDER = Path(paintgym.scripts.examples.__file__).parent
LEARN = "--total-steps 6400 --episodes 24"
"""As few steps as a rise of the score can be seen after: 20 updates of PPO, some seconds."""

EXAMPLES = {
    "sb3_ppo": LEARN,
    "sb3_sac": "--total-steps 320 --learning-starts 160 --batch-size 16 --episodes 8",
    "torchrl_ppo": LEARN,
    "rllib_ppo": "--iterations 20 --episodes 24 --env-runners 0 --learners 0",
    "cleanrl_style_ppo": LEARN,
    "gradients_through_canvas": "--strokes 4 --steps 11",
}
EXTRAS = {"torchrl_ppo": ("torchrl", "torchrl"), "rllib_ppo": ("rllib", "tree")}
"""The extra that an example needs, and a module that it brings and no other does."""


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
# torchrl's own; marks above win over those below.
@pytest.mark.filterwarnings("ignore:Creating .*WeightUpdater:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The env passed to Collector:FutureWarning")
@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("one_thread")
def test_the_example_runs(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    extra, module = EXTRAS.get(name, ("", "paintgym"))
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}: pip install paintgym[{extra}]")
    run(name, monkeypatch)
    printed = capsys.readouterr().out
    if name == "gradients_through_canvas":
        first, *_, last = map(float, re.findall(r"loss (\d+\.\d+)", printed))
        assert last < first
        return
    before, after = map(float, re.findall(r"score (-?\d+\.\d+) before training, (-?\d+\.\d+) after it", printed)[0])
    assert before > paintgym.reference_scores("Shapes-v0")["random"]
    if EXAMPLES[name] != EXAMPLES["sb3_sac"]:  # which learns nothing in so few steps
        assert after > before + 0.03
