"""Every block of Python and every command in README and manual is run as printed, but for budgets, cut to moments."""

import contextlib
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.documentation import DOCS, PAGES, ROOT, all_blocks, blocks, name_of
from paintgym.errors import MissingLibraryError
from paintgym.files import data_directory
from paintgym.painters.mypaint.brushes import find_brush
from paintgym.scripts.commands import serve
from paintgym.scripts.commands.train import lite
from paintgym.scripts.main import main
from paintgym.webapp.application import create_app
from paintgym.webapp.server import make_server
from paintgym.webapp.settings import Settings
from PIL import Image

SHORTER = {
    'loss="mse").paint("photo.jpg", stroke_budget=200)': 'loss="mse", iterations=2).paint("photo.jpg", 3)',
    'load_agent("policy").paint("photo.jpg", stroke_budget=500, size=256)': (
        'load_agent("policy").paint("photo.jpg", stroke_budget=5, size=80)'
    ),
    "num_envs=64": "num_envs=2",
    "num_envs=1024": "num_envs=4",
    "range(100)": "range(2)",
    "range(300)": "range(2)",
    "n_steps=5, batch_size=80": "n_steps=5, batch_size=5",
    "learning_rate=1e-5": "n_steps=4, batch_size=4, learning_rate=1e-5",
    ".learn(20_000)": ".learn(8)",
    ".learn(2_000)": ".learn(8)",
    "buffer_size=5_000": "buffer_size=20, learning_starts=4, batch_size=2",
    "rollout(20": "rollout(4",
}

_COMPARE = "--pictures 1 --strokes 2"
_TRAINING = (
    "--analytic-steps 2 --evaluate-every 2 --held-out 1 --strokes 4 --width 8 --hidden 16 --ppo-steps 8 "
    "--ppo-strokes 6 --ppo-environments 2 --ppo-batch-size 2 --ppo-epochs 1 --ppo-evaluate-every 1"
)
SMALL: dict[str, str] = {
    "paint": "--strokes 4",
    "replay": "--size 96",
    "compare": _COMPARE,
    "strokes": "--count 20 --workers 1",
    "fidelity": "--strokes 6",
    "brushes": "--strokes 4 --size 64",
    "bench": "--rounds 2 --batches 2 --threads 1",
    "train-painter": (
        "--strokes 64 --held-out 8 --batch-size 8 --pretraining-steps 1 --adversarial-steps 1 "
        "--autoencoding-steps 1 --predictor-steps 1 --evaluate-every 1"
    ),
    "train-policy": _TRAINING,
    "train-baseline": "--steps 300 --seeds 0",
    "evaluate": "--episodes 2",
    "gallery": "--count 2",
    "train-classifier": "--digits 100 --test-digits 20 --epochs 1 --batch-size 50",
    "train-lite": "--pictures 2 --canvases 2 --pictures-per-step 1 --test-pictures 1",
    "learning-curves": "--figure mse_4",
    "plan": "--strokes 4 --size 96 --processes 1",
    "load-test": "--seconds 1 --strokes 2 --people 2 --large-strokes 8 --watchers 2",
}
"""What is put behind a command: of two options of a name the last counts."""


def small(words: list[str]) -> list[str]:
    """A command of paintgym with budgets of moments."""
    name, text = words[0], SMALL.get(words[0], "")
    if "--measured" in words:  # which is of one size
        return words
    if name in ("paint", "compare") and "--size" in words:
        text += " --size 96"
    if name == "compare":
        agents = words[words.index("--agents") + 1] if "--agents" in words else "gradient"
        if "--seconds" in words:
            text += " --seconds 1"
        elif "gradient" in agents or "refine" in agents:
            text += " --iterations 2"
        if "--study" in words:
            text += " --workers 1"
    if name == "train-lite" and "--steps" not in words:
        text += " --steps 1"
    return [*words, *text.split()]


def commands(text: str) -> list[list[str]]:
    """The commands of a block, as words."""
    joined = text.replace("\\\n", " ")
    return [words for line in joined.splitlines() for words in [shlex.split(line, comments=True)] if words]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the pictures that the pages speak of, where commands may write."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for path in (Path("photo.jpg"), *(Path(folder) / f"{i}.jpg" for folder in ("photos", "frames") for i in range(9))):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (64, 80, 3), dtype=np.uint8)).save(path)
    # Painters of other brushes are kept in the data folder: here, in one of the test's own.
    own = tmp_path / "data"
    own.mkdir()
    for path in data_directory().glob("*"):
        (own / path.name).symlink_to(path.resolve())
    monkeypatch.setenv("PAINTGYM_DATA", str(own))
    with contextlib.suppress(MissingLibraryError):
        shutil.copy(find_brush("classic/pen").path, "my_brush.myb")
    shutil.copy(ROOT / "README.md", "README.md")
    Path("docs").symlink_to(DOCS)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
@pytest.mark.usefixtures("one_thread", "workplace")
@pytest.mark.filterwarnings("error")
def test_the_python_blocks_of_a_page_run_in_order(page: Path) -> None:
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        if block.reason or ("torchrl" in block.text and importlib.util.find_spec("torchrl") is None):
            continue
        text = block.text
        for long, short in SHORTER.items():
            text = text.replace(long, short)
        exec(text, names)
    if "action" in names and getattr(names["action"], "requires_grad", False):
        assert names["action"].grad.abs().sum() > 0
    for name in re.findall(r"\.save\(\"(\S+)\"\)", "".join(block.text for block in blocks(page, "python"))):
        assert Path(name).stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=name_of)
@pytest.mark.usefixtures("one_thread", "workplace")
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_the_commands_of_a_page_run_in_order(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "run", lambda arguments: None)  # it would serve for ever; webapp's tests let it
    # What measuring the lite loss takes minutes for has no option: 64 canvases at VGG19's pace, slow agents.
    monkeypatch.setattr(lite, "_SPEED_BATCH", 2)
    monkeypatch.setattr(lite, "_PAINTERS_OF_CANVASES", {"random": {}})
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PAINTGYM_UNWATCHED_SECONDS", "1")
    lacking = []
    with contextlib.ExitStack() as stack:
        call = caller(stack)
        for block in blocks(page, "console"):
            for words in [] if block.reason else commands(block.text):
                if words[0] != "paintgym":
                    RUNNERS[words[0]](words, call)
                elif main(small(words[1:])) != 0:
                    complaint = capsys.readouterr().err
                    assert "PAINTGYM_DATA" in complaint or "libmypaint" in complaint, (words, complaint)
                    lacking.append(complaint)
    if lacking:
        pytest.skip("; ".join(dict.fromkeys(lacking)))


def run_make(words: list[str], call: Any) -> None:
    """Let make say what it would do: its targets install things, and other tests run what they run."""
    subprocess.run([*words, "--dry-run", "--directory", str(ROOT)], check=True, capture_output=True)


def check_pip(words: list[str], call: Any) -> None:
    """The checkout can be installed (that it is imported here shows), and has the extra that is named."""
    assert words[:2] == ["pip", "install"]
    extra = re.fullmatch(r"\.(?:\[(\w+)\])?", words[2])
    assert extra
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extra[1] is None or extra[1] in extras


def check_installed(words: list[str], call: Any) -> None:
    """A program of another project, which would run for ever."""
    assert importlib.util.find_spec(words[0])


def run_python(words: list[str], call: Any) -> None:
    subprocess.run([sys.executable, *words[1:]], check=True, capture_output=True)


def run_curl(words: list[str], call: Callable[[list[str]], None]) -> None:
    call(words)


RUNNERS: dict[str, Callable[[list[str], Any], None]] = {
    "make": run_make,
    "pip": check_pip,
    "tensorboard": check_installed,
    "python": run_python,
    "curl": run_curl,
}


def caller(stack: contextlib.ExitStack) -> Callable[[list[str]], None]:
    """Runs curl against a service that is started when it is first needed; ID is that of the last painting."""
    if shutil.which("curl") is None:
        return lambda words: None
    known: dict[str, str] = {}

    def call(words: list[str]) -> None:
        if not known:
            known["address"] = stack.enter_context(service())
        line = [word.replace("http://127.0.0.1:8000", known["address"]) for word in words]
        line = [word.replace("/ID/", f"/{known.get('id', '')}/") for word in line]
        line = [re.sub(r"strokes=\d+|size=\d+", cut, word) for word in line]
        answer = subprocess.run(
            [*line, "--silent", "--show-error", "--fail"], check=True, capture_output=True, timeout=120
        ).stdout
        found = re.search(rb'"id": ?"(\w+)"', answer)
        known["id"] = found[1].decode() if found else known.get("id", "")

    return call


def cut(option: re.Match[str]) -> str:
    return "strokes=4" if option[0].startswith("strokes") else option[0]


@contextlib.contextmanager
def service() -> Iterator[str]:
    app = create_app(Settings())
    server = make_server(app, "127.0.0.1", 0, Settings())
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def test_what_is_cut_short_is_printed() -> None:
    text = "".join(block.text for page in PAGES for block in blocks(page, "python"))
    assert [long for long in SHORTER if long not in text] == []
    printed = [words for page in PAGES for block in blocks(page, "console") for words in commands(block.text)]
    named = {words[1] for words in printed if words[0] == "paintgym"}
    assert [name for name in SMALL if name not in named] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_that_is_not_run_says_why_and_no_code_hides_in_indentation(page: Path) -> None:
    languages = {block.language for block in all_blocks(page)}
    assert languages <= {"python", "console", "text", "nginx", "caddy"}
    outside = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^\n {4}(paintgym|make|pip|import|env) ", outside, re.MULTILINE)
    assert page.read_text().count("\n<!-- not run: ") == sum(bool(block.reason) for block in all_blocks(page))
