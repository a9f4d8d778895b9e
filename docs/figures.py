"""Runs the commands that the manual's tables come from, and keeps what they measured in ``docs/figures``.

python docs/figures.py                  every one of them, which takes long
python docs/figures.py fidelity digits  some of them
"""

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from paintgym.files import data_directory

FOLDER = Path(__file__).parent / "figures"

_THREE_PAINTINGS = (
    "piero_della_francesca__portrait_of_a_boy.jpg,"
    "joachim_patinir__landscape_with_the_destruction_of_sodom_and_gomorrah.jpg,"
    "vincent_van_gogh__sunflowers.jpg"
)

COMMANDS = {
    "fidelity": "paintgym fidelity --seed 7",
    "bench": "paintgym bench --losses mse lite --outputs numpy torch --threads 1 --rounds 5",
    "bench_gpu": (
        "paintgym bench --painters gan --losses mse lite vgg19-bf16 --batches 64 1024 --devices cuda "
        "--outputs numpy torch --compile --rounds 5"
    ),
    "bench_training": (
        "paintgym bench --painters gan --losses mse --batches 64 --devices cpu cuda --threads 2 "
        "--training 48 1536 6144 --rounds 2"
    ),
    "precision": (
        "paintgym bench --painters gan --losses lite lite-bf16 vgg19 vgg19-bf16 --batches 16 --threads 1 --rounds 3"
    ),
    "agents": "paintgym compare --agents greedy,gradient,policy --strokes 15,30,200",
    "unseen": "paintgym compare --agents greedy,policy --targets paintings --strokes 15,30,200 --pictures 12",
    "digits": "paintgym compare --agents gradient,policy --policy mnist --targets mnist --strokes 10 --pictures 10",
    "large": "paintgym compare --size 512 --agents policy --strokes 500,2000,5000 --pictures 8",
    "large_agents": "paintgym compare --size 512 --agents greedy,policy,policy+refine --strokes 500 --pictures 2",
    "study": "paintgym compare --study --quick --workers 1",
    "brushes": "paintgym fidelity --brushes installed --seed 7",
    "brush_paintings": (
        f"paintgym compare --agents policy --brushes learned --size 512 --strokes 2000 --targets {_THREE_PAINTINGS}"
    ),
    "brush_paintings_small": (
        f"paintgym compare --agents policy --brushes learned --strokes 200 --targets {_THREE_PAINTINGS}"
    ),
    "pace": "paintgym plan --pictures 1e6 --strokes 2000 --size 512",
    "ray": "python docs/ray_figures.py",
    "ladder": "paintgym scoreboard docs/figures/ladder",
    "ablation": "python docs/policy_figures.py ablation",
    "anytime": "python docs/policy_figures.py anytime",
    "losses": "python docs/policy_figures.py losses",
}
"""File in ``docs/figures`` to the command whose ``--json`` it holds."""

WANTS_GPU = ("bench_gpu", "bench_training")
"""Commands that are run only where they are named."""

AMONG_PAINTINGS = ("brush_paintings", "brush_paintings_small")
"""Commands that name pictures of the data folder, and are run among them: no report is to hold its path."""

_ROWS = ("source", "strokes", "figure", "method", "pictures", "mean", "low", "high")


def measure(name: str) -> None:
    """Run a command of ``COMMANDS``, and keep its figures together with its words."""
    command = COMMANDS[name]
    if command.startswith("python "):
        # It writes the file itself.
        subprocess.run([sys.executable, *shlex.split(command)[1:]], check=True, cwd=FOLDER.parents[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = [*shlex.split(command)[1:], "--json", str(report)]
        where = data_directory() / "paintings" if name in AMONG_PAINTINGS else None
        subprocess.run([sys.executable, "-m", "paintgym", *words], check=True, cwd=where)
        figures = {"command": command, **_without_bulk(json.loads(report.read_text()))}
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")


def _without_bulk(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what tables do not show: every painting's own figures, curves and histories."""
    if "summaries" not in report:
        return report
    small = {key: report[key] for key in ("format", "version", "minimized", "confidence", "figures", "readings")}
    settings = report["settings"]
    small["settings"] = {
        "agents": [{key: agent[key] for key in ("agent", "painter", "loss")} for agent in settings["agents"]],
        "sources": settings["sources"],
        "seed": settings["seed"],
        "threads": settings["threads"],
    }
    small["summaries"] = [{key: row[key] for key in _ROWS} for row in report["summaries"]]
    return small


if __name__ == "__main__":
    for chosen in sys.argv[1:] or [name for name in COMMANDS if name not in WANTS_GPU]:
        measure(chosen)
