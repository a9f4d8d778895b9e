"""Which paintings a report shows, and the contact sheet of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from ....envs.pictures import Picture
from ..trials import Trial

EXAMPLES = 6
"""Pictures shown of each source."""

_SCALE, _GAP, _HEADER = 3, 6, 20
"""Of the contact sheet: enlargement of its pictures, pixels between them, pixels of a line of text."""


@dataclass(frozen=True, eq=False)
class Example:
    """One picture with one budget, painted by every method."""

    source: str
    picture: str
    strokes: int
    trials: list[Trial]
    """In the order of the methods."""


def choose_examples(trials: Sequence[Trial], count: int = EXAMPLES) -> list[Example]:
    """At most ``count`` pictures of each source with all their budgets, spread evenly: nobody picks the pretty ones.

    Args:
        trials: a whole comparison, in the order of its tasks.
        count: pictures of each source.
    """
    methods = len({(trial.agent, trial.painter) for trial in trials})
    groups = [list(trials[first : first + methods]) for first in range(0, len(trials), methods)]
    examples = [Example(group[0].source, group[0].picture, group[0].strokes, group) for group in groups]
    chosen = []
    for source in dict.fromkeys(example.source for example in examples):
        painted = [example for example in examples if example.source == source]
        budgets = len({example.strokes for example in painted})
        pictures = len(painted) // budgets
        shown = min(count, pictures)
        for number in range(shown):
            first = number * pictures // shown * budgets
            chosen += painted[first : first + budgets]
    return chosen


def contact_sheet(trials: Sequence[Trial], names: Sequence[str], count: int = EXAMPLES) -> Image.Image:
    """A row for each example: the target, then each method's neural canvas and its replay, three times as large.

    Args:
        trials: of one comparison.
        names: the methods', in their order.
        count: at most this many pictures of each source.
    """
    examples = choose_examples(trials, count)
    titles = ["target"]
    for name, trial in zip(names, examples[0].trials, strict=True):
        titles += [name] if trial.replay is None else [name, f"{name}, MyPaint"]
    side = _SCALE * trials[0].target.shape[0]
    step = side + _GAP
    sheet = Image.new("RGB", (_GAP + step * len(titles), _HEADER + (step + _HEADER) * len(examples)), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_HEADER - 8)
    for column, title in enumerate(titles):
        draw.text((_GAP + column * step, 2), title, fill="black", font=font)
    for row, example in enumerate(examples):
        top = _HEADER + row * (step + _HEADER)
        draw.text((_GAP, top + 2), f"{example.picture}: {example.strokes} strokes", fill="black", font=font)
        for column, picture in enumerate(_shown(example)):
            enlarged = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(enlarged, (_GAP + column * step, top + _HEADER))
    return sheet


def _shown(example: Example) -> list[Picture]:
    pictures = [example.trials[0].target]
    for trial in example.trials:
        pictures += [trial.image] if trial.replay is None else [trial.image, trial.replay]
    return pictures
