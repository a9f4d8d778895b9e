"""Tables of the ladder of tasks, for ``tables.py``."""

from collections.abc import Callable
from typing import Any

Report = dict[str, Any]
Row = tuple[str, ...]
Markdown = Callable[..., str]
"""Columns, rows and a source to a table."""


def references(scores: Report, markdown: Markdown) -> str:
    """Who is always there to be compared with: scores on the tasks that all of them painted."""
    tasks = [task for task, found in scores.items() if "gradient" in found]
    names = [name for name in scores[tasks[0]] if name != "targets"]
    # Hill climbing was not painted under VGG19, of which it asks 30 times a stroke and more.
    rows = [
        [f"`{name}`", *(f"{scores[task][name]:.3f}" if name in scores[task] else "" for task in tasks)]
        for name in names
    ]
    columns = ["who paints", *(f"`{task.rpartition('/')[2]}`" for task in tasks)]
    command = f"paintgym scoreboard runs/ladder --references --tasks {','.join(tasks)}"
    return markdown(columns, rows, f"Printed by `{command}`; mean scores over the held-out targets.")


def ladder(board: Report, markdown: Markdown) -> str:
    """What the baselines reach on the tasks, below the best of nothing, random and flat, and the agents."""
    rows: list[Row] = []
    for task in dict.fromkeys(entry["task"] for entry in board["entries"]):
        references, name = board["references"].get(task, {}), f"`{task.rpartition('/')[2]}`"
        for who in ("policy", "gradient"):
            if who in references:
                rows.append((name, f"`{who}`", "", "", f"{references[who]:.3f}", "", ""))
                name = ""
        for entry in (entry for entry in board["entries"] if entry["task"] == task):
            who = _title(entry)
            score = _with_interval(entry, 3)
            normalized = f"{entry['normalized']:.0f}" if "normalized" in entry else ""
            read = f"{entry['read']:.1%}" if "read" in entry else ""
            steps, seeds = f"{entry['steps']:,}", f"{len(entry['seeds'])}"
            rows.append((name, who, steps, seeds, score, normalized, read))
            name = ""
    columns = ("task", "who paints", "steps", "seeds", "score (95 % interval)", "normalized", "read")
    return markdown(columns, rows, "Printed by `paintgym scoreboard docs/figures/ladder`; interquartile means.")


def ladder_in_short(board: Report, markdown: Markdown) -> str:
    """A row for each task whose references were painted: the floor, plain baselines, and the package's agents."""
    rows: list[Row] = []
    reached = {(entry["task"], entry["algorithm"]): entry for entry in board["entries"] if entry["view"] == "focus"}
    for task in dict.fromkeys(entry["task"] for entry in board["entries"]):
        references = board["references"].get(task, {})
        if "gradient" in references:
            floor = max(references[name] for name in ("nothing", "random", "flat"))
            plain = [reached.get((task, name)) for name in ("ppo", "analytic")]
            texts = (_with_interval(one, 2) if one else "" for one in plain)
            others = (f"{references[name]:.2f}" for name in ("policy", "gradient"))
            rows.append((f"`{task.rpartition('/')[2]}`", f"{floor:.2f}", *texts, *others))
    columns = ("task", "best of nothing, random, one color", "PPO", "analytic", "`policy`", "`gradient`")
    source = (
        "Printed by `paintgym scoreboard docs/figures/ladder`: interquartile mean scores and 95 % intervals over seeds."
    )
    return markdown(columns, rows, source)


def rl_on_gradients(board: Report, markdown: Markdown) -> str:
    """Whether PPO adds to what gradients taught."""
    rows = [
        (
            f"`{entry['task'].rpartition('/')[2]}`",
            _title(entry),
            f"{len(entry['seeds'])}",
            f"{entry['begun']:.3f}",
            f"{entry['score']:.3f}",
            _gain(entry),
        )
        for entry in board["entries"]
        if "begun" in entry
    ]
    columns = ("task", "begun by, then PPO", "seeds", "score before PPO", "after it", "gain (95 % interval)")
    return markdown(columns, rows, "Printed by `paintgym scoreboard docs/figures/ladder`; interquartile means.")


def _with_interval(entry: Report, digits: int) -> str:
    score, low, high = (f"{entry[name]:.{digits}f}" for name in ("score", "low", "high"))
    return f"{score} ({low} to {high})" if len(entry["seeds"]) > 1 else f"{score} (one seed)"


def _gain(entry: Report) -> str:
    gain, low, high = (f"{value:+.3f}" for value in entry["gain"])
    return f"{gain} ({low} to {high})" if len(entry["seeds"]) > 1 else f"{gain} (one seed)"


def _title(entry: Report) -> str:
    return str(entry["algorithm"] if entry["view"] == "focus" else f"{entry['algorithm']}, {entry['view']} view")
