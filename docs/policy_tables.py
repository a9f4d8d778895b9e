"""Tables of policies beside the optimizer, for ``tables.py``."""

from collections.abc import Callable, Iterable
from typing import Any

Report = dict[str, Any]
Markdown = Callable[[Iterable[str], Iterable[Iterable[str]], str], str]


def ablation(report: Report, markdown: Markdown) -> str:
    """What each part of the policy is worth: mean squared error and seconds."""
    budgets = sorted({row["strokes"] for row in report["rows"]})
    found = {(row["method"], row["strokes"]): row for row in report["rows"]}
    rows = []
    for method in dict.fromkeys(method for method, _ in found):
        cells = [f"{found[method, n]['mse']['mean']:.4f} in {_seconds(found[method, n]['seconds'])}" for n in budgets]
        rows.append((method, *cells))
    source = f"Squared error, mean over {report['rows'][0]['pictures']} photographs. Printed by `{report['command']}`."
    return markdown(("who paints", *(f"{n} strokes" for n in budgets)), rows, source)


def intervals(report: Report, markdown: Markdown) -> str:
    """The policy beside the optimizer: mean with its interval, and median."""
    rows = [
        (
            f"{row['strokes']}",
            row["method"],
            f"{row['mse']['mean']:.4f} ({row['mse']['low']:.4f} to {row['mse']['high']:.4f})",
            f"{row['mse']['median']:.4f}",
            _seconds(row["seconds"]),
        )
        for row in report["rows"]
        if row["method"] in ("`policy`", "`gradient`")
    ]
    source = f"Mean over {report['rows'][0]['pictures']} photographs; one thread. Printed by `{report['command']}`."
    return markdown(("strokes", "agent", "MSE (95 % interval)", "median", "time"), rows, source)


def anytime(report: Report, markdown: Markdown) -> str:
    """Squared error that is left after so many seconds."""
    timed = [row for row in report["rows"] if "limit" in row]
    found = {(row["limit"], row["method"]): row for row in timed}
    methods = list(dict.fromkeys(row["method"] for row in timed))
    rows = []
    for limit in sorted({limit for limit, _ in found}):
        cells = (f"{found[limit, method]['mse']['mean']:.5f}" for method in methods)
        late = max(found[limit, method]["seconds"] / limit - 1 for method in methods)
        rows.append((f"{limit:g} s", *cells, f"{late:+.0%}"))
    (alone,) = (row for row in report["rows"] if "limit" not in row)
    source = (
        f"{alone['strokes']} strokes, mean over {alone['pictures']} photographs; `policy` alone leaves "
        f"{alone['mse']['mean']:.5f} in {_seconds(alone['seconds'])}. Printed by `{report['command']}`."
    )
    return markdown(("limit", *(f"`{method}`" for method in methods), "over the limit"), rows, source)


def losses(report: Report, markdown: Markdown) -> str:
    """What minimizing one loss leaves of the others."""
    rows = [
        (
            f"{row['strokes']}",
            f"`{row['method']}`",
            f"`{row['minimized']}`",
            f"{row['mse']['mean']:.4f}",
            f"{row['lite']['mean']:.3f}",
            f"{row['vgg19']['mean']:.3f}",
            f"{row['ssim']['mean']:.2f}",
            _seconds(row["seconds"]),
        )
        for row in report["rows"]
    ]
    columns = ("strokes", "agent", "minimized", "MSE", "lite loss", "VGG19 loss", "SSIM", "time")
    source = f"Means over {report['rows'][0]['pictures']} photographs. Printed by `{report['command']}`."
    return markdown(columns, rows, source)


def seeds(cards: list[Report], markdown: Markdown) -> str:
    """The same training from several seeds: squared error on pictures that it never saw."""
    budgets = sorted({int(key.split("_")[1]) for key in cards[0]["held_out"]})
    sets = {"held_out": f"{cards[0]['held_out_pictures']} paintings", "photographs": "photographs"}
    rows = [
        (pictures, str(card["configuration"]["seed"]), *(f"{card[key][f'mse_{n}']:.4f}" for n in budgets))
        for key, pictures in sets.items()
        for card in cards
    ]
    source = "Squared error. From the cards that `paintgym train-policy --target paintings --seed ...` wrote."
    return markdown(("pictures", "seed", *(f"{n} strokes" for n in budgets)), rows, source)


def batches(cards: list[Report], markdown: Markdown) -> str:
    """What strokes in a step of Adam give: squared error on digits that training never saw."""
    budgets = sorted({int(key.split("_")[1]) for key in cards[0]["held_out"]})
    rows = []
    for card in cards:
        settings, steps = card["configuration"], card["steps"]["analytic"]
        batch = settings["analytic"]["batch_strokes"]
        errors = (f"{card['held_out'][f'mse_{n}']:.5f}" for n in budgets)
        rows.append((f"{batch:,}", f"{steps:,}", f"{settings['learning_rate']:g}", f"{batch * steps:,}", *errors))
    columns = ("strokes a step", "steps", "learning rate", "strokes in all", *(f"{n} strokes" for n in budgets))
    source = (
        f"Squared error, {cards[0]['held_out_pictures']} test digits. From the cards that "
        "`paintgym train-policy --target mnist ...` wrote."
    )
    return markdown(columns, rows, source)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
