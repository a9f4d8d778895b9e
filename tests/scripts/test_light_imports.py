"""Explaining a command and refusing a mistake wait for nothing: torch cannot even be imported here.

Every mistake costs exit code 2 and one line that names the option, or the word, as it was typed.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import paintgym
import pytest
from paintgym.scripts.main import COMMANDS
from PIL import Image

RUNNER = Path(__file__).parents[1] / "helpers" / "without_torch.py"

MISTAKES: dict[str, str] = {
    # what is typed, and what the message has to name
    "draw": "draw",
    "paint picture.png --colour red": "--colour",
    "paint picture.png other.png": "other.png",
    "paint picture.png --strokes many": "--strokes",
    "paint picture.png --strokes": "--strokes",
    "paint picture.png --strokes 0": "--strokes is 0",
    "paint picture.png --strokes 5001": "--strokes is 5001",
    "paint picture.png --size 512 --strokes 100001": "--strokes is 100001",
    "paint picture.png --size 63": "--size is 63",
    "paint picture.png --size 5000": "--size is 5000",
    "paint picture.png --seed -1": "--seed is -1",
    "paint picture.png --upscale 0": "--upscale is 0",
    "paint picture.png --upscale 65": "--upscale is 65",
    "paint picture.png --out a.gif --frames 1": "--frames is 1",
    "paint picture.png --out a.gif --seconds 0": "--seconds is 0",
    "paint picture.png --out a.gif --seconds 3601": "--seconds is 3601",
    "paint picture.png --out a.gif --frames 100 --seconds 1": "--frames is 100 and --seconds is 1",
    "paint picture.png --size 4096 --upscale 3": "--out",
    "paint picture.png --agent rembrandt": "--agent",
    "paint picture.png --painter vermeer": "--painter",
    "paint picture.png --painter missing.safetensors": "--painter",
    "paint picture.png --painter broken.safetensors": "--painter",
    "paint picture.png --loss taste": "--loss",
    "paint picture.png --device gpu": "--device is 'gpu'",
    "compare --device gpu": "--device is 'gpu'",
    "evaluate --task Shapes-v0 --agent random --device gpu": "--device is 'gpu'",
    "paint picture.png --policy monet": "--policy",
    "paint picture.png --policy broken.safetensors": "--policy",
    "paint picture.png --agent greedy --policy mnist": "--policy",
    "paint picture.png --out a.bmp": "--out",
    "paint picture.png --out missing/a.png": "--out",
    "paint picture.png --out folder": "--out",
    "paint picture.png --brush-sizes 0.5 2": "--brush-sizes are (0.5, 2.0), expected a range",
    "paint picture.png --lengths 1 0.5": "--lengths are (1.0, 0.5), expected a range",
    "paint picture.png --palette 0": "--palette is 0",
    "paint picture.png --palette 257": "--palette is 257",
    "paint picture.png --palette-from missing.png": "--palette-from",
    "paint picture.png --background mud": "--background is 'mud'",
    "paint picture.png --suffix .png": "--suffix",
    "paint picture.png --follow": "--follow",
    "paint missing.png": "missing.png",
    "paint broken.png": "broken.png",
    "paint folder": "--out",
    "paint empty --out paintings": "empty",
    "paint folder --out folder": "--out",
    "paint s3:// --out paintings": "s3://",
    "paint folder --out broken.png": "--out",
    "paint folder --out paintings --suffix .bmp": "--suffix",
    "paint folder --out paintings --suffix .gif --seconds -1": "--seconds is -1",
    "paint folder --out paintings --follow": "--follow",
    "serve --port 80000": "--port is 80000",
    "serve --port -1": "--port is -1",
    "load-test --people 1": "--people is 1",
    "load-test --seconds 0": "--seconds is 0",
    "compare --agents rembrandt": "--agents",
    "compare --agents ,": "--agents",
    "compare --painters gan,vermeer": "--painters",
    "compare --targets nowhere": "--targets",
    "compare --strokes 5,x": "--strokes is",
    "compare --strokes 0": "--strokes is 0",
    "compare --targets folder --strokes mnist=5": "--strokes is 'mnist=5'",
    "compare --pictures 0": "--pictures is 0",
    "compare --pictures 1,2": "--pictures of photographs",
    "compare --loss taste": "--loss",
    "compare --policy monet --agents policy": "--policy",
    "compare --policy mnist --agents greedy": "--policy",
    "compare --iterations 0": "--iterations is 0",
    "compare --iterations 5 --agents random": "--iterations",
    "compare --seconds 5 --agents random": "--seconds",
    "compare --seconds gradient=0 --agents gradient": "--seconds is 0",
    "compare --quick": "--quick",
    "compare --grid 64": "--grid",
    "compare --size 32": "--size is 32",
    "compare --workers 0": "--workers is 0",
    "compare --sheet sheet.jpg": "--sheet",
    "compare --json missing/report.json": "--json",
    "compare --split validation": "--split",
    "plan --pictures 0": "--pictures is 0",
    "plan --pictures 1.5": "--pictures is 1.5",
    "plan --strokes 0": "--strokes is 0",
    "plan --size 32": "--size is 32",
    "plan --agent rembrandt": "--agent",
    "plan --hours 0": "--hours is 0",
    "plan --lost 1": "--lost is 1",
    "plan --suffix .bmp": "--suffix",
    "plan --processes 0": "--processes is 0",
    "plan --like empty": "empty",
    "plan --measured missing.json": "--measured",
    "plan --measured painting.json": "--measured",
    "plan --measured painting.json --like folder": "--like",
    "plan --json missing/here.json": "--json",
    "targets nowhere": "nowhere",
    "targets broken.png": "broken.png",
    "targets folder --count 0 --sheet s.png": "--count is 0",
    "targets folder --sheet s.gif": "--sheet",
    "targets --sheet s.png": "--sheet",
    "targets bam --bam-filter cat=positive": "--bam-filter",
    "targets folder --bam-filter content_cat=positive": "--bam-filter",
    "strokes": "--out",
    "strokes --out new --count 0": "--count is 0",
    "strokes --out new --seed -1": "--seed is -1",
    "strokes --out new --shard-size 0": "--shard-size is 0",
    "replay missing.json": "missing.json",
    "replay picture.png": "picture.png",
    "replay painting.json --size 9000": "--size is 9000",
    "replay painting.json --out a.bmp": "--out",
    "replay painting.json --engine neural --painter vermeer": "--painter",
    "replay painting.json --engine neural --brush classic/pen": "--brush",
    "replay painting.json --painter gan": "--painter",
    "replay painting.json --engine oil": "--engine",
    "train-painter cubist": "cubist",
    "train-painter gan --strokes 0": "--strokes is 0",
    "train-painter gan --batch-size 64 --strokes 10": "--strokes is 10",
    "train-painter gan --learning-rate 0": "--learning-rate is 0",
    "train-painter vae --autoencoding-steps 0 --predictor-steps 0": "--autoencoding-steps and --predictor-steps",
    "train-painter gan --device tpu": "--device",
    "train-policy --target nowhere": "--target",
    "train-policy --painter vermeer": "--painter",
    "train-policy --perceptual taste": "--perceptual",
    "train-policy --init missing.safetensors": "--init",
    "train-policy --ppo-strokes 97": "--ppo-strokes is 97",
    "train-policy --ppo-batch-size 1": "--ppo-batch-size is 1",
    "train-policy --minutes 0": "--minutes is 0",
    "train-policy --analytic.horizon two": "--analytic.horizon",
    "learning-curves": "runs",
    "learning-curves missing": "missing",
    "learning-curves folder --out curves.png": "--out",
    "export-policy monet": "monet",
    "export-policy --out policy.pt": "--out",
    "export-policy --strokes-per-step 0": "--strokes-per-step is 0",
    "train-baseline reinforce": "reinforce",
    "train-baseline ppo --task Shapes-v9": "Shapes-v9",
    "train-baseline ppo --seeds 4-": "--seeds is '4-'",
    "train-baseline ppo --seeds 1,1": "--seeds is '1,1'",
    "train-baseline ppo --steps 0": "--steps is 0",
    "train-baseline ppo --view fovea": "--view",
    "train-baseline ppo --on http://here": "--on",
    "scoreboard --train --on http://here": "--on",
    "paint folder --out new --on http://here": "--on",
    "paint folder --out new --workers 0": "--workers is 0",
    "paint folder --out new --worker-threads 0": "--worker-threads is 0",
    "brushes classic/van_gogh": "classic/van_gogh",
    "brushes missing.myb": "missing.myb",
    "brushes classic/charcoal --sheet sheet.gif": "sheet.gif is no .png",
    "strokes --out out --brush classic/smudge": "--brush",
    "gallery missing --task Shapes-v0": "missing",
    "gallery . --task Shapes-v9": "Shapes-v9",
    "gallery . --task Shapes-v0 --out film.avi": "film.avi",
    "gallery . --task Shapes-v0 --count 0": "--count is 0",
    "gallery . --task Shapes-v0 --seconds 0": "--seconds is 0",
    "evaluate --task Shapes-v9 --agent flat": "Shapes-v9",
    "evaluate --task Shapes-v0 --agent monet": "monet",
    "evaluate --task Shapes-v0 --agent missing.safetensors": "missing.safetensors",
    "evaluate --task Shapes-v0 --agent flat --episodes 0": "--episodes is 0",
    "evaluate --task Shapes-v0 --agent flat --seed -1": "--seed is -1",
    "scoreboard missing": "missing",
    "scoreboard --train --tasks Shapes-v9": "Shapes-v9",
    "scoreboard --train --workers 0": "--workers is 0",
    "scoreboard --json missing/report.json": "--json",
    "paint picture.png --background #ffffff00": "--background is '#ffffff00', a color that is not opaque",
    "paint picture.png --background rgba(0,0,0,0)": "--background is 'rgba(0,0,0,0)', a color that is not opaque",
    "train-classifier --epochs 0": "--epochs is 0",
    "train-classifier --digits 10": "--digits is 10, which does not fill a batch: --batch-size is 100",
    "train-lite --pictures 0": "--pictures is 0",
    "train-lite --test-pictures 0": "--test-pictures is 0",
    "fidelity --painters vermeer": "--painters",
    "fidelity --strokes 5": "--strokes is 5",
    "fidelity --robustness -1": "--robustness is -1",
    "fidelity --json missing/report.json": "--json",
    "bench --losses taste": "--losses",
    "bench --painters vermeer": "--painters",
    "bench --rounds 1": "--rounds is 1",
    "bench --compile": "--outputs torch",
    "bench --outputs jax": "--outputs",
    "bench --size 8": "--size is 8",
    "bench --devices tpu": "--devices",
    "bench --stroke-budget 10 --strokes-per-step 3": "--stroke-budget is 10, expected a multiple of --strokes-per-step",
}


def run_without_torch(arguments: list[list[str]], folder: Path) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, RUNNER], input=json.dumps(arguments), cwd=folder, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    return document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("light")
    pixels = np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)
    for name in ("picture.png", "other.png", "folder/1.png", "folder/2.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    (folder / "empty").mkdir()
    for name in ("broken.png", "broken.safetensors"):
        (folder / name).write_bytes(b"broken")
    document = {"format": "paintgym painting", "version": 1, "strokes": [[0.5] * 12]}
    (folder / "painting.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, dict[str, Any]]:
    before = sorted(folder.rglob("*"))
    document = run_without_torch([typed.split() for typed in MISTAKES], folder)
    assert sorted(folder.rglob("*")) == before
    return dict(zip(MISTAKES, document["answers"], strict=True))


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_told_in_one_line_that_names_it_as_it_was_typed(
    typed: str, answers: dict[str, dict[str, Any]]
) -> None:
    answer = answers[typed]
    assert answer["code"] == 2, answer
    assert answer["out"] == ""
    assert answer["err"].startswith("paintgym: ")
    assert answer["err"].count("\n") == 1
    assert MISTAKES[typed] in answer["err"]


def test_every_command_explains_itself_without_torch_and_pillow(folder: Path) -> None:
    arguments = [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]
    document = run_without_torch(arguments, folder)
    assert [answer["code"] for answer in document["answers"]] == [0] * len(arguments)
    for answer, words in zip(document["answers"], arguments, strict=True):
        assert " ".join(["paintgym", *words[:-1]]).strip() in answer["out"]
        assert answer["err"] == ""
    assert not document["pillow"]


def run_script(script: str, folder: Path) -> str:
    finished = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_importing_the_package_loads_nothing_heavy(folder: Path) -> None:
    script = "import paintgym, sys; print(*{'torch', 'stable_baselines3', 'PIL', 'tyro', 'rich'} & set(sys.modules))"
    assert run_script(script, folder).split() == []
    assert set(paintgym.__all__) <= set(dir(paintgym))


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["policy", "random"])
def test_painting_loads_neither_stable_baselines3_nor_torchvision_nor_tensorboard(folder: Path, agent: str) -> None:
    script = (
        "import sys; from paintgym.scripts.main import main\n"
        f"assert main(['paint', 'picture.png', '--agent', '{agent}', '--strokes', '5', '--out', '{agent}.png']) == 0\n"
        "print(*{'torch', 'stable_baselines3', 'torchvision', 'tensorboard', 'matplotlib', 'rich'} & set(sys.modules))"
    )
    assert run_script(script, folder).splitlines()[-1] == "torch"
    assert (folder / f"{agent}.png").is_file()


@pytest.mark.slow
def test_an_agent_with_a_policy_allocates_no_rollout_buffer(folder: Path) -> None:
    script = (
        "import sys, gc; from paintgym import load_agent\n"
        "agent = load_agent('policy'); agent.paint('picture.png', 5)\n"
        "print('stable_baselines3' in sys.modules, any('Buffer' in type(one).__name__ and "
        "type(one).__module__.startswith('stable') for one in gc.get_objects()))"
    )
    assert run_script(script, folder).split() == ["False", "False"]
