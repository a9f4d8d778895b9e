"""The tables of brushes, as ``tables`` asks for them."""

from collections.abc import Callable, Iterable
from typing import Any

Report = dict[str, Any]
Markdown = Callable[[Iterable[str], Iterable[Iterable[str]], str], str]

_GOOD_PSNR, _GOOD_ERROR = 28.0, 0.15
"""What a brush is said to be learned by: decibels, and error in parts of the ink's energy."""


def brushes_shipped(report: Report, markdown: Markdown) -> str:
    """How true the shipped painters are to their brushes."""
    rows = [
        (
            f"`{name}`",
            f"{one['psnr']:.1f} dB",
            f"{one['relative_error']:.2%}",
            f"{one['iou']:.3f}",
            f"{one['detail_gap']:.1%}",
        )
        for name, one in report["brushes"].items()
        if one.get("schedule") == "full"
    ]
    source = f"Printed by `{report['command']}`; {report['strokes']:,} strokes that no training saw."
    return markdown(("brush", "PSNR", "error", "IoU", "detail gap"), rows, source)


def brushes_installed(report: Report, markdown: Markdown) -> str:
    """What the installed brushes that do not ship become after a short training, and why some cannot be learned."""
    others = {name: one for name, one in report["brushes"].items() if one.get("schedule") != "full"}
    learned = [name for name, one in report["brushes"].items() if _is_good(one)]
    rows = []
    # Those that were not learned first: there is something to say of them.
    for name, one in sorted(others.items(), key=lambda item: _is_good(item[1])):
        if "psnr" not in one:
            rows.append((f"`{name}`", "", "", one["obstacle"].partition(": ")[2]))
        else:
            why = "" if _is_good(one) else _REASONS.get(name, "")
            rows.append((f"`{name}`", f"{one['psnr']:.1f} dB", f"{one['relative_error']:.2%}", why))
    source = (
        f"{len(learned)} of {len(report['brushes'])} reach {_GOOD_PSNR:.0f} dB and an error of at most "
        f"{_GOOD_ERROR:.0%} of the ink's energy, those that do not ship after half a minute of training. The first "
        f"{len(report['brushes']) - len(learned)} here do not. Printed by `{report['command']}`."
    )
    return markdown(("brush", "PSNR", "error", "why"), rows, source)


def brush_paintings(report: Report, small: Report, markdown: Markdown) -> str:
    """What the policy makes of pictures with each brush; in the small report, with few strokes on 64 pixels."""
    means, means_of_small = (
        {(row["source"], row["method"], row["figure"]): row["mean"] for row in one["summaries"]}
        for one in (report, small)
    )
    sources = list(dict.fromkeys(source for source, _, _ in means))
    rows = []
    for method in dict.fromkeys(method for _, method, _ in means):
        brush = method.partition(" ")[2] or "classic/dry_brush"
        cells = [f"{means[source, method, 'mse']:.4f}, {means[source, method, 'vgg19']:.3f}" for source in sources]
        agreement, of_small = (
            f"{min(one[source, method, 'replay psnr'] for source in sources):.1f} dB" for one in (means, means_of_small)
        )
        rows.append((f"`{brush}`", *cells, agreement, of_small))
    strokes, few = (one["summaries"][0]["strokes"] for one in (report, small))
    source = (
        f"MSE and VGG19 loss with {strokes:,} strokes on 512 pixels, and the least PSNR between the painting and "
        f"MyPaint's own of the same strokes, there and of {few} strokes on 64 pixels. Printed by `{report['command']}` "
        f"and `{small['command']}`."
    )
    titles = [source.rpartition("__")[2].removesuffix(".jpg").replace("_", " ") for source in sources]
    return markdown(("brush", *titles, "MyPaint agrees", "on 64 pixels"), rows, source)


def _is_good(one: Report) -> bool:
    return bool(one.get("psnr", 0) >= _GOOD_PSNR and one["relative_error"] <= _GOOD_ERROR)


_REASONS = {
    "deevad/spray": "a dab more or less, and the pen that shakes goes another way from there on",
    "classic/pointy_ink": "few dabs, up to 50 pixels large: a dab more or less is seen",
    "deevad/spray2": "chance resizes dabs, and with them the way to the next",
    "experimental/pixelblocking": "snaps to whole pixels, where a hair's breadth decides",
    "experimental/spaced-blot": "few dabs that come and go with the length of the stroke",
    "ramon/Clouds": "a few dabs, thrown far by how fast the pen is",
}
"""What was found where a brush was looked into."""
