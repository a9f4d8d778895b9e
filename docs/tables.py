"""Tables of figures as Markdown, written from what commands measured (``docs/figures``) and from the weights' cards.

python docs/tables.py            list the tables
python docs/tables.py agents     print one
python docs/tables.py README.md  write a page's tables anew

In a page, a table stands below ``<!-- table: NAME -->``; in a page outside of ``docs``, which is not built,
``<!-- end of table -->`` follows it.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import brush_tables  # type: ignore[import-not-found]  # noqa: E402
import ladder_tables  # type: ignore[import-not-found]  # noqa: E402
import policy_tables  # type: ignore[import-not-found]  # noqa: E402
import speed_tables  # type: ignore[import-not-found]  # noqa: E402

ROOT = DOCS.parent
FIGURES = DOCS / "figures"

_ENCLOSED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
_BARE = re.compile(r"^<!-- table: (\w+) -->$", re.MULTILINE)

Report = dict[str, Any]
Measure = tuple[str, str, str]
"""A column of a comparison: the measure's name, its title, and how its mean is written."""

_MSE: Measure = ("mse", "MSE", ".4f")
_VGG19: Measure = ("vgg19", "VGG19 loss", ".3f")
_SSIM: Measure = ("ssim", "SSIM", ".2f")
_AGREEMENT: Measure = ("replay psnr", "MyPaint agrees", ".1f")
_REMARK = "; agreement in dB (PSNR)"


def write_table(name: str) -> str:
    """A table by name, with the command that measured it; Markdown without a newline at the end."""
    return TABLES[name]()


def insert_tables(markdown: str) -> str:
    """A page with each ``<!-- table: NAME -->`` replaced by the table."""
    return _BARE.sub(lambda found: write_table(found[1]), markdown)


def renew_tables(markdown: str) -> str:
    """A page with its enclosed tables written anew; their comments stay."""
    return _ENCLOSED.sub(lambda found: f"{found[1]}{write_table(found[2])}\n{found[3]}", markdown)


def _read(name: str) -> Report:
    report: Report = json.loads((FIGURES / f"{name}.json").read_text())
    return report


def _card(path: str) -> Report:
    card: Report = json.loads((ROOT / path).read_text())
    return card


def _markdown(columns: Iterable[str], rows: Iterable[Iterable[str]], source: str) -> str:
    columns = list(columns)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", f"*{source}*"])


def _printed_by(report: Report, remark: str = "") -> str:
    return f"Printed by `{report['command']}`{remark}."


def _comparison(name: str, *measures: Measure, remark: str = "") -> str:
    """Means over the pictures, a row for each number of strokes and agent."""
    report = _read(name)
    means = {(row["strokes"], row["method"], row["figure"]): row["mean"] for row in report["summaries"]}
    rows = [
        (f"{strokes:,}", f"`{method}`", *(format(means[strokes, method, key], form) for key, _, form in measures))
        for strokes, method in dict.fromkeys(key[:2] for key in means)
    ]
    ((target, source),) = report["settings"]["sources"].items()
    about = f"; means over {source['pictures']} {'digits' if target == 'mnist' else target}{remark}"
    return _markdown(("strokes", "agent", *(title for _, title, _ in measures)), rows, _printed_by(report, about))


def _agents() -> str:
    return _comparison("agents", _MSE, _VGG19, _SSIM)


def _unseen() -> str:
    return _comparison("unseen", _MSE, _VGG19, _SSIM, _AGREEMENT, remark=_REMARK)


def _digits() -> str:
    report = _read("digits")
    text = _comparison("digits", _MSE, _VGG19)
    read = ", ".join(f"`{row['method']}` {row['mean']:.0%}" for row in report["readings"] if row["figure"] == "read")
    return f"{text}\n\n*A plain classifier reads so many of the painted digits as what they are: {read}.*"


def _large() -> str:
    seams: Measure = ("seams", "seams", ".1%")
    return _comparison("large", _MSE, _VGG19, _AGREEMENT, seams, remark=_REMARK)


def _large_agents() -> str:
    return _comparison("large_agents", _MSE, _VGG19, _AGREEMENT, remark=_REMARK)


def _fidelity() -> str:
    report = _read("fidelity")
    rows = []
    for name, one in sorted(report["painters"].items(), key=lambda item: -item[1]["psnr"]):
        parameters = _card(f"painters/neural/weights/{name}.json")["parameters"]
        error, gap = (f"{one['psnr']:.1f} dB", f"{one['l1']:.4f}", f"{one['iou']:.3f}"), f"{one['detail_gap']:.1%}"
        rows.append((f"`{name}`", f"{parameters:,}", *error, gap, f"{one['frechet']:.2f}"))
    columns = ("painter", "parameters", "PSNR", "L1", "IoU", "detail gap", "Fréchet")
    return _markdown(columns, rows, _printed_by(report, f"; {report['strokes']:,} strokes that no training saw"))


def _fidelity_groups() -> str:
    report, rows = _read("fidelity"), []
    for group in report["groups"]:
        span = f"{group['by']} {group['least']:.3g} to {group['most']:.3g} pixels"
        for name, one in group["painters"].items():
            rows.append((span, f"`{name}`", f"{one['psnr']:.1f} dB", f"{one['detail_gap']:.1%}"))
            span = ""
    return _markdown(("strokes", "painter", "PSNR", "detail gap"), rows, _printed_by(report))


def _lite() -> str:
    card = _card("envs/losses/weights/lite.json")
    rows = [
        (
            name,
            str(card[f"{name}_canvases"]),
            f"{card[f'{name}_within']:.3f}",
            f"{card[f'{name}_within_quartile']:.3f}",
            f"{card[f'{name}_across']:.3f}",
        )
        for name in ("paintings", "photographs", "digits")
    ]
    columns = ("unseen", "canvases", "one picture's, median", "lower quartile", "of all pictures")
    source = f"Printed by `{card['measured_by']}`, and {card['times_faster']:.1f} times as fast as VGG19"
    return _markdown(columns, rows, f"Spearman's correlation with VGG19's loss. {source}.")


def _policies() -> str:
    rows = []
    for name in ("paintings", "mnist"):
        card = _card(f"agents/policy/weights/{name}.json")
        budgets = sorted({int(key.split("_")[1]) for key in card["held_out"]})
        for budget in budgets:
            figures = (f"{card['held_out'][f'{loss}_{budget}']:.4f}" for loss in ("mse", "lite"))
            rows.append((f"`{name}`", f"{card['parameters']:,}", str(card["held_out_pictures"]), str(budget), *figures))
    columns = ("policy", "parameters", "pictures held out", "strokes", "MSE", "lite loss")
    return _markdown(columns, rows, "From the cards beside the weights, which `paintgym train-policy` wrote.")


def _study() -> str:
    """Mean VGG19 loss with its interval, on both canvases, the lowest in bold."""
    report, rows = _read("study"), []
    methods = list(dict.fromkeys(row["method"] for row in report["summaries"]))
    summaries = {(row["source"], row["strokes"], row["figure"], row["method"]): row for row in report["summaries"]}
    for source, strokes in dict.fromkeys(key[:2] for key in summaries):
        for figure, canvas in (("vgg19", "neural"), ("replay vgg19", "real brush")):
            found = [summaries[source, strokes, figure, method] for method in methods]
            lowest = min(row["mean"] for row in found)
            cells = (
                f"{_bold(format(row['mean'], '.4f'), row['mean'] == lowest)} ({row['low']:.4f} to {row['high']:.4f})"
                for row in found
            )
            rows.append((_pictures(report, source), str(strokes), canvas, *cells))
    return _markdown(("pictures", "strokes", "canvas", *methods), rows, _printed_by(report, "; lower is better"))


def _study_replay() -> str:
    """Mean PSNR between the two canvases, the highest in bold."""
    report, rows = _read("study"), []
    summaries = [row for row in report["summaries"] if row["figure"] == "replay psnr"]
    methods = list(dict.fromkeys(row["method"] for row in summaries))
    for source, strokes in dict.fromkeys((row["source"], row["strokes"]) for row in summaries):
        means = {
            row["method"]: row["mean"] for row in summaries if (row["source"], row["strokes"]) == (source, strokes)
        }
        cells = (_bold(f"{means[method]:.2f}", means[method] == max(means.values())) for method in methods)
        rows.append((_pictures(report, source), str(strokes), *cells))
    return _markdown(("pictures", "strokes", *methods), rows, _printed_by(report, "; dB, higher is better"))


def _pictures(report: Report, source: str) -> str:
    return f"{report['settings']['sources'][source]['pictures']} {'digits' if source == 'mnist' else source}"


def _bold(text: str, is_best: bool) -> str:
    return f"**{text}**" if is_best else text


TABLES: dict[str, Callable[[], str]] = {
    "agents": _agents,
    "unseen": _unseen,
    "digits": _digits,
    "large": _large,
    "large_agents": _large_agents,
    "fidelity": _fidelity,
    "fidelity_groups": _fidelity_groups,
    "painter_speed": lambda: speed_tables.painters(_read("bench"), _markdown),
    "throughput": lambda: speed_tables.environments(_read("bench"), _markdown),
    "throughput_gpu": lambda: speed_tables.environments(_read("bench_gpu"), _markdown),
    "training_speed": lambda: speed_tables.training(_read("bench_training"), _markdown),
    "pace": lambda: speed_tables.pace(_read("pace"), _markdown),
    "pace_model": lambda: speed_tables.pace_model(_read("pace"), _markdown),
    "ray": lambda: speed_tables.ray(_read("ray"), _markdown),
    "precision": lambda: speed_tables.precision(_read("precision"), _markdown),
    "lite": _lite,
    "policies": _policies,
    "ablation": lambda: policy_tables.ablation(_read("ablation"), _markdown),
    "policy_seeds": lambda: policy_tables.seeds(
        [_card("agents/policy/weights/paintings.json"), _card("docs/figures/seeds/paintings-1.json")], _markdown
    ),
    "policy_batches": lambda: policy_tables.batches(
        [_card("agents/policy/weights/mnist.json"), _card("docs/figures/seeds/mnist-batches-of-1536.json")], _markdown
    ),
    "policy_intervals": lambda: policy_tables.intervals(_read("ablation"), _markdown),
    "anytime": lambda: policy_tables.anytime(_read("anytime"), _markdown),
    "policy_losses": lambda: policy_tables.losses(_read("losses"), _markdown),
    "study": _study,
    "study_replay": _study_replay,
    "references": lambda: ladder_tables.references(_card("agents/baselines/references.json"), _markdown),
    "brushes_shipped": lambda: brush_tables.brushes_shipped(_read("brushes"), _markdown),
    "brushes_installed": lambda: brush_tables.brushes_installed(_read("brushes"), _markdown),
    "brush_paintings": lambda: brush_tables.brush_paintings(
        _read("brush_paintings"), _read("brush_paintings_small"), _markdown
    ),
    "ladder": lambda: ladder_tables.ladder(_read("ladder"), _markdown),
    "ladder_in_short": lambda: ladder_tables.ladder_in_short(_read("ladder"), _markdown),
    "rl_on_gradients": lambda: ladder_tables.rl_on_gradients(_read("ladder"), _markdown),
}
"""Tables by name."""


def main(words: list[str]) -> None:
    """List the tables, print one, or write a page's anew."""
    if not words:
        print("\n".join(TABLES))
    for word in words:
        if word in TABLES:
            print(write_table(word))
        else:
            page = Path(word)
            page.write_text(renew_tables(page.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
