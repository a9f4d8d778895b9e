"""Folders of small pictures for the tests of ``paintgym paint FOLDER``, and what the command says of them."""

import os
from pathlib import Path

import numpy as np
import pytest
from paintgym.scripts.main import main
from PIL import Image

FAST = ["--agent", "random", "--strokes", "4", "--loss", "mse"]

PAINT = ["paint", "pictures", *FAST, "--out", "out"]


def fill(folder: Path, count: int, side: int = 64) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        tile = Image.fromarray(random.integers(0, 256, (3, 4, 3), dtype=np.uint8))
        tile.resize((side * 4 // 3, side), Image.Resampling.BICUBIC).save(folder / f"picture{number:03d}.png")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def paint_again(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What the command says on standard output."""
    capsys.readouterr()
    assert main([*PAINT, *arguments]) == code
    return capsys.readouterr().out


def change(path: Path, color: str, keep_time: bool = False) -> None:
    """Another picture of the same name; some programs keep the time of the last change."""
    before = path.stat()
    Image.new("RGB", (85, 64), color).save(path)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
