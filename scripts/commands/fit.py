"""``paintgym fit``: fit what the proxy renderer and SVG paintings know of the brush, again.

paintgym fit proxy                # about a minute on one core
paintgym fit svg                  # about four minutes: two agents paint before

With the seed 0 the parameters of the proxy come within 0.05 of those in use, and those of SVG within 0.1, but for the
slope of the wide coat, which comes within 0.25. They lie in flat valleys: the errors left are 1 and 2 % less.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

if TYPE_CHECKING:
    from torch import Tensor

_PICTURE = Path(__file__).parent.parent / "pictures" / "still_life.jpg"
_PAINTINGS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("policy", {}, 30),
    ("policy", {}, 200),
    ("gradient", {"iterations": 300}, 30),
    ("gradient", {}, 200),
)
"""The four paintings whose strokes SVG's coats are fitted to: agents, their options, and how many strokes they lay."""


@dataclass(frozen=True)
class Arguments:
    """Fit what is written into the code as numbers, by the procedure that these numbers came from.

    proxy: four parameters of the smooth renderer that strokes are tried and moved in. svg: ten of the shapes that a
    stroke becomes in an SVG file. Both are fitted to the ink of a neural painter. Nothing is written: the parameters
    are printed, with the error that they leave and how far they are from those in use.
    """

    what: Annotated[Literal["proxy", "svg"], tyro.conf.arg(name="proxy|svg"), tyro.conf.Positional]
    """What to fit."""
    painter: str = "gan"
    """Whose ink is to be met: a painter's name or .safetensors file."""
    steps: int | None = None
    """Steps of Adam; 1,000 by default."""
    seed: int = 0
    """Seed of strokes and batches."""
    json: bool = False
    """Print JSON instead of sentences."""


def run(arguments: Arguments) -> None:
    """Fit and print."""
    found = _fit_proxy(arguments) if arguments.what == "proxy" else _fit_svg(arguments)
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for row in found["parameters"]:
        print(f"{row['name']:<20} {row['fitted']:8.3f}   in use {row['in_use']:8.3f}   apart {row['apart']:+8.3f}")
    print(
        f"mean squared error of coverage {found['error']:.5f}, of those in use {found['error_in_use']:.5f}, "
        f"of no ink {found['empty']:.5f}"
    )


def _fit_proxy(arguments: Arguments) -> dict[str, Any]:
    from ...painters.registry import load_painter
    from ...painters.ribbon import ProxyParameters
    from ...painters.training.proxy_fit import ProxyFitConfig, fit_proxy
    from ..progress import measuring

    config = ProxyFitConfig(**_options(arguments))
    config.check()
    painter = load_painter(arguments.painter)
    with measuring("fitting", config.steps) as update:
        fit = fit_proxy(painter, config, update)
    rows = _rows(asdict(fit.parameters), asdict(ProxyParameters()))
    return {"fit": "proxy", "parameters": rows, **_errors(fit)}


def _fit_svg(arguments: Arguments) -> dict[str, Any]:
    from ...agents.outputs.svg import COATS
    from ...agents.outputs.svg_fit import SvgFitConfig, fit_coats
    from ...painters.registry import load_painter
    from ..progress import measuring

    config = SvgFitConfig(**_options(arguments))
    config.check()
    painter = load_painter(arguments.painter)
    painted = _painted_strokes(arguments)
    with measuring("fitting", config.steps) as update:
        fit = fit_coats(painter, painted, config, update)
    rows = []
    for place, coat, used in zip(("wide", "narrow"), fit.coats, COATS, strict=True):
        rows += _rows(asdict(coat), asdict(used), f"{place} ")
    return {"fit": "svg", "parameters": rows, **_errors(fit)}


def _painted_strokes(arguments: Arguments) -> "list[Tensor]":
    """Strokes of the bundled still life, as two agents paint it with few strokes and with many."""
    import torch

    from ...agents.registry import load_agent
    from ..progress import painting

    strokes = []
    for name, options, budget in _PAINTINGS:
        agent = load_agent(name, painter=arguments.painter, loss="mse", **options)
        with painting(f"painting by {name}", budget) as update:
            result = agent.paint(_PICTURE, budget, seed=arguments.seed, progress=update)
        strokes.append(torch.from_numpy(result.stroke_list.strokes))
    return strokes


def _options(arguments: Arguments) -> dict[str, int]:
    steps = {} if arguments.steps is None else {"steps": arguments.steps}
    return {"seed": arguments.seed, **steps}


def _rows(fitted: dict[str, float], used: dict[str, float], prefix: str = "") -> list[dict[str, Any]]:
    return [
        {"name": f"{prefix}{name}", "fitted": value, "in_use": used[name], "apart": value - used[name]}
        for name, value in fitted.items()
    ]


def _errors(fit: Any) -> dict[str, float]:
    return {"error": fit.error, "error_in_use": fit.error_in_use, "empty": fit.empty}
