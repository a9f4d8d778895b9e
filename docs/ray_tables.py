"""The table of what a Ray cluster's workers are worth, for ``tables.py``."""

from collections.abc import Callable
from typing import Any

Report = dict[str, Any]
Markdown = Callable[..., str]
"""Columns, rows and a source to a table."""


def workers(report: Report, markdown: Markdown) -> str:
    """Pictures a second of one process and of workers, and what giving each picture out costs."""
    rows = []
    alone = {row["work"]: row["rate"] for row in report["rows"] if row["workers"] == 0}
    single = {row["work"]: row["rate"] for row in report["rows"] if row["workers"] == 1}
    for row in report["rows"]:
        count, work = row["workers"], row["work"]
        what = f"{row['pictures']} of {row['size']} pixels, {row['strokes']} strokes" if count == 0 else ""
        more = 1000 * (1 / row["rate"] - 1 / alone[work]) if count == 1 else None
        rows.append(
            (
                what,
                "one process, without Ray" if count == 0 else f"{count} worker{'s' if count > 1 else ''}",
                f"{row['rate']:.2f}",
                f"{row['rate'] / single[work]:.2f}" if count else "",
                "" if more is None else f"{more:.0f} ms",
            )
        )
    source = f"Printed by `{report['command']}` on {report['cores']} cores; a thread each, once all are at work."
    return markdown(("pictures", "painted by", "a second", "times one worker", "more for each picture"), rows, source)
