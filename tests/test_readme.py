"""The README: its Python blocks run in order as printed, but for budgets, which are cut to moments."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import paintgym
import pytest
from PIL import Image

README = Path(paintgym.__file__).parent / "README.md"
SHORTER = {
    'loss="mse").paint("photo.jpg", stroke_budget=200)': 'loss="mse", iterations=2).paint("photo.jpg", 3)',
    "num_envs=64": "num_envs=2",
    "n_steps=32": "n_steps=4, batch_size=4",
    ".learn(20_000)": ".learn(8)",
    ".learn(5_000)": ".learn(8)",
    "buffer_size=5_000": "buffer_size=20, learning_starts=4, batch_size=2",
    "rollout(20": "rollout(4",
    "range(300)": "range(2)",
}
EXTRAS = {"torchrl": "torchrl", "ray.": "ray"}


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("error")
def test_the_python_blocks_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)).save("photo.jpg")
    names: dict[str, Any] = {}
    for block in blocks():
        missing = [name for mark, name in EXTRAS.items() if mark in block and importlib.util.find_spec(name) is None]
        if not missing:
            for long, short in SHORTER.items():
                block = block.replace(long, short)
            exec(block, names)
    assert names["action"].grad.abs().sum() > 0
    assert names["painting"].strokes.shape == (3, 12)
    assert Path("growing.webp").stat().st_size > 0


def test_what_is_cut_short_is_printed() -> None:
    text = "".join(blocks())
    assert [long for long in SHORTER if long not in text] == []
