"""Pictures of what baselines paint: side by side, stroke by stroke, and as they learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...envs.rendering import render_state
from ...envs.tasks import find_task
from ...errors import InvalidInputError
from ...painters.pixels import to_uint8
from .network import load_actor
from .protocol import HeldOut, begin_episodes, hold_out
from .run import ACTOR, POINTS

_GAP, _INK, _LETTERS = 4, (60, 60, 60), 11
"""Pixels between pictures; the color of words, and their height in pixels."""


class Row(NamedTuple):
    """Pictures of one kind, from left to right."""

    label: str
    frames: list[NDArray[np.uint8]]
    """Each (N, 64, 64, 3): stroke by stroke, or one alone that stays."""


def paint_row(label: str, path: Path, held_out: HeldOut, every_stroke: bool) -> Row:
    """What the policy in a file makes of held-out targets; stroke by stroke with the windows that it looks through."""
    actor, trained = load_actor(path)
    if trained["task"] != held_out.task.id:
        raise InvalidInputError(f"{path} was trained for {trained['task']}, not for {held_out.task.id}")
    arguments = {name: trained[name] for name in ("view", "reward")}
    env, seen = begin_episodes(held_out.task, held_out.pictures, arguments)
    frames: list[NDArray[np.uint8]] = []
    for _ in range(held_out.task.strokes):
        if every_stroke:
            frames.append(render_state(env.state, env.core.view)[:, :, : held_out.pictures.shape[2]])
        seen, *_ = env.step(actor.act(seen))
    frames.append(to_uint8(env.state.canvas))
    return Row(label, frames)


def side_by_side(root: Path, task: str, count: int, every_stroke: bool = False) -> list[Image.Image]:
    """Held-out targets above what each algorithm's first seed makes of them; one frame, or one for each stroke.

    Raises:
        InvalidInputError: there is no finished run of the task below ``root``.
    """
    found = find_task(task)
    held_out = hold_out(found, count)
    folder = root / found.id.rpartition("/")[2]
    paths = sorted(folder.glob(f"*/*/{ACTOR}"))
    first = {path.parts[-3]: path for path in reversed(paths)}
    if not first:
        raise InvalidInputError(f"{folder} holds no finished runs; 'paintgym train-baseline' makes them")
    rows = [Row("target", [held_out.pictures])]
    rows += [paint_row(name, first[name], held_out, every_stroke) for name in sorted(first)]
    return _frames(rows)


def while_learning(run: Path, task: str, count: int) -> list[Image.Image]:
    """Held-out targets above what a run's policy made of them at each point of its curve, a frame each.

    Raises:
        InvalidInputError: the folder holds no such points.
    """
    paths = sorted((run / POINTS).glob("*.safetensors"), key=lambda path: int(path.stem))
    if not paths:
        raise InvalidInputError(
            f"{run} holds no {POINTS}; expected the folder of one seed of 'paintgym train-baseline'"
        )
    held_out = hold_out(find_task(task), count)
    frames = []
    for path in paths:
        row = paint_row(f"{int(path.stem):,} steps", path, held_out, False)
        frames += _frames([Row("target", [held_out.pictures]), row])
    return frames


def _frames(rows: Sequence[Row]) -> list[Image.Image]:
    most = max(len(row.frames) for row in rows)
    return [_sheet([(row.label, row.frames[min(at, len(row.frames) - 1)]) for row in rows]) for at in range(most)]


def _sheet(rows: Sequence[tuple[str, NDArray[np.uint8]]]) -> Image.Image:
    count, side = rows[0][1].shape[0], rows[0][1].shape[1]
    height = side + _GAP + _LETTERS + _GAP
    sheet = Image.new("RGB", (count * (side + _GAP) + _GAP, len(rows) * height + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LETTERS)
    for number, (label, pictures) in enumerate(rows):
        top = number * height + _GAP
        draw.text((_GAP, top), label, _INK, font)
        for column, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(picture), (column * (side + _GAP) + _GAP, top + _LETTERS + _GAP))
    return sheet
