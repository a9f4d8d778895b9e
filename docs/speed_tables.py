"""Tables of speeds, for ``tables.py``."""

import statistics
from collections.abc import Callable, Iterable
from typing import Any

from paintgym.agents.folder.estimate import estimate

Report = dict[str, Any]
Markdown = Callable[[Iterable[str], Iterable[Iterable[str]], str], str]


def painters(report: Report, markdown: Markdown) -> str:
    """Strokes a second of painters."""
    rows = [
        (name, f"{one['parameters']:,}", f"{one['strokes_per_second']:,.0f}", f"{one['ratio'][1]:.2f}")
        for name, one in report["painters"].items()
    ]
    return markdown(("painter", "parameters", "strokes a second", "times the first"), rows, _printed_by(report))


def environments(report: Report, markdown: Markdown) -> str:
    """Steps a second of the batched environment, and with a learner; memory where it is a GPU's."""
    found = report["environments"]
    cards = list(dict.fromkeys(one["card"] for one in found if one.get("card")))
    rows = [
        (
            f"`{one['painter']}`",
            f"`{one['loss']}`",
            f"{one['batch']:,}",
            one["output"] + ", compiled" * one["compiled"],
            f"{one['env_steps_per_second']:,.0f}",
            f"{one['policy_steps_per_second']:,.0f}",
            f"{one['ppo_steps_per_second']:,.0f}",
            f"{one['share'][1]:.0%}",
            *([f"{one['megabytes']:,.0f}" if one["megabytes"] else ""] if cards else []),
        )
        for one in found
    ]
    columns = ["painter", "loss", "canvases", "output", "steps/s", "with a policy", "with PPO", "share of bare"]
    columns += ["MB"] * bool(cards)
    where = f" on one {' and one '.join(cards)}" if cards else ""
    return markdown(columns, rows, _printed_by(report, where))


def training(report: Report, markdown: Markdown) -> str:
    """Strokes a second that analytic training learns from, beside the CPU's."""
    found = report["training"]
    rows = [
        (
            one["card"] or f"CPU, {one['threads']} threads",
            f"{one['batch_strokes']:,}",
            f"{one['strokes_per_second']:,.0f}",
            f"{one['strokes_per_second'] / found[0]['strokes_per_second']:.1f}",
            f"{one['seconds_per_step']:.2f} s",
            f"{one['megabytes']:,.0f}" if one["megabytes"] else "",
        )
        for one in found
    ]
    columns = ("where", "strokes in a batch", "strokes/s", "times the first", "a step of Adam", "MB")
    return markdown(columns, rows, _printed_by(report))


def pace(report: Report, markdown: Markdown) -> str:
    """Paintings an hour by processes side by side, beside those of the first number of them."""
    first, machine = report["paces"][0], report["machine"]
    rows = [
        (
            str(one["processes"]),
            f"{one['paintings_per_hour']:,.0f}",
            f"{one['paintings_per_hour'] / first['paintings_per_hour']:.2f}",
            f"{one['core_share']:.0%}",
            f"{one['start_seconds']:.0f} s",
            f"{one['memory'] / 1e6:,.0f}",
        )
        for one in report["paces"]
    ]
    columns = ("processes", "paintings an hour", "times the first", "of a core each", "to start", "MB each")
    return markdown(columns, rows, _printed_by(report, f" on {machine['cores']} cores ({machine['processor']})"))


def pace_model(report: Report, markdown: Markdown) -> str:
    """How many machines like the measured one paint a million pictures in how many hours."""
    rows = []
    for hours in (168, 24, 8, 1):
        found = estimate(report, 1_000_000, hours)
        figures = (f"{found.hours:.1f}", f"{found.disk / 1e9:,.0f} GB", f"{found.bytes_per_second / 1e6:,.1f} MB")
        rows.append((f"{hours}", f"{found.machines:,}", *figures))
    columns = ("hours wished for", "machines", "hours", "paintings", "written a second")
    return markdown(columns, rows, f"A million pictures. {_printed_by(report, ', with `--hours`,')}")


def ray(report: Report, markdown: Markdown) -> str:
    """Pictures a second by workers of a Ray cluster, beside one process and one worker."""
    found = {(one["work"], one["workers"]): one for one in report["rows"]}
    rows = []
    for one in report["rows"]:
        work, workers, rate = one["work"], one["workers"], one["rate"]
        size = f"{one['size']} pixels" if one["size"] else "64x64"
        cost = 1000 * (workers / rate - 1 / found[work, 0]["rate"])
        # Within a round: what else the machine does changes from one to the next.
        times = sorted(own / alone for own, alone in zip(one["rates"], found[work, 1]["rates"], strict=True))
        middle, low, high = statistics.median(times), times[0], times[-1]
        rows.append(
            (
                f"`{one['agent']}`, {one['strokes']} strokes, {size}",
                str(workers) if workers else "one process, no Ray",
                f"{rate:.2f}",
                f"{middle:.2f} ({low:.2f} to {high:.2f})" if workers > 1 else "",
                f"{cost:.0f} ms" if workers else "",
            )
        )
    columns = ("pictures", "workers", "pictures a second", "times one worker (of rounds)", "more core time a picture")
    where = f" on {report['cores']} cores, medians of {len(report['rows'][0]['rates'])} rounds,"
    return markdown(columns, rows, _printed_by(report, where))


def precision(report: Report, markdown: Markdown) -> str:
    """How far bfloat16's losses are from float32's."""
    rows = [
        (
            f"`{one['loss']}`",
            f"{one['median_error']:.1e}",
            f"{one['largest_error']:.1e}",
            f"{one['gradient_cosine']:.4f}",
            f"{one['times_as_fast']:.2f}",
        )
        for one in report["precisions"]
    ]
    columns = ("loss", "median relative error", "largest", "lowest cosine of gradients", "times as fast")
    return markdown(columns, rows, _printed_by(report))


def _printed_by(report: Report, where: str = "") -> str:
    return f"Printed{where} by `{report['command']}`."
