"""Neural painters by name: built, loaded from safetensors files, and saved as such."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ..errors import InvalidInputError
from ..files import make_folder, write_whole
from .device import find_device
from .modes import plain_torch
from .names import DEFAULT_BRUSH, PAINTER_FILES, brush_key, find_painter, trained_painters
from .neural.deconv import DeconvPainter
from .neural.splat import SplatPainter
from .neural.stamp.painter import StampPainter
from .neural.vae import VaePainter
from .painter import Painter, StrokeFunction, as_painter
from .ribbon import ProxyParameters


def _architectures() -> dict[str, type[Painter]]:
    return {painter.architecture: painter for painter in (SplatPainter, StampPainter, DeconvPainter, VaePainter)}


def build_painter(architecture: str, **options: Any) -> Painter:
    """An untrained painter.

    Raises:
        InvalidInputError: unknown architecture.
    """
    architectures = _architectures()
    if architecture not in architectures:
        raise InvalidInputError(f"unknown painter architecture {architecture!r}; choose one of {list(architectures)}")
    return architectures[architecture](**options)


@plain_torch()
def load_painter(name: str | Path = "gan", device: str | torch.device = "cpu", brush: str | None = None) -> Painter:
    """Load a trained painter: evaluation mode, frozen, deterministic.

    Args:
        name: a shipped painter (``"gan"``, ``"vae"``, ``"gan-deconv"``), or the path of a ``.safetensors`` file that
            ``save_painter`` wrote.
        device: where its weights go.
        brush: the MyPaint brush that it learned, by name or ``.myb`` file: a shipped one, or one that ``paintgym
            train-painter`` trained; by default the painter's own, ``classic/dry_brush`` for the shipped ones.

    Raises:
        InvalidInputError: no such painter, none that learned the brush, a file that is not a painter's, or a device
            that torch cannot use here.

    Examples:
        >>> load_painter("gan", brush="deevad/chalk").brush
        'deevad/chalk'
    """
    device = find_device(device)
    path, description = find_painter(name, brush)
    try:
        painter = build_painter(description["architecture"], **description["options"])
        with safe_open(path, framework="pt", device="cpu") as file:
            painter.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
            painter.ribbon = ProxyParameters(**description.get("proxy", {}))
    except (SafetensorError, TypeError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        raise PAINTER_FILES.refusal(path, error) from None
    painter.name, painter.brush = str(name), description.get("brush", DEFAULT_BRUSH)
    if brush is not None and Path(brush).suffix == ".myb":
        painter.brush = brush  # The same file, where it lies now.
    return painter.to(device).eval().requires_grad_(False)


def make_painter(
    painter: str | Path | Painter | StrokeFunction, device: str | torch.device = "cpu", brush: str | None = None
) -> Painter:
    """A painter by name or file, as ``load_painter`` loads it, or one that is loaded already.

    Raises:
        InvalidInputError: as for ``load_painter``, or a painter of another brush.
    """
    if isinstance(painter, str | Path):
        return load_painter(painter, device, brush)
    loaded = as_painter(painter)
    if brush not in (None, loaded.brush):
        raise InvalidInputError(f"brush is {brush!r}, but the painter that was given learned {loaded.brush!r}", "brush")
    return loaded


def save_painter(painter: Painter, path: str | Path, options: Mapping[str, Any], card: dict[str, Any]) -> None:
    """Write a painter's weights, and its card beside them as ``.json``, each whole or not at all.

    Args:
        painter: what to save.
        path: a ``.safetensors`` path.
        options: the arguments that ``build_painter`` needs to make the painter again.
        card: how it was trained and what it reaches; must be JSON.
    """
    path = Path(path)
    description = {"architecture": painter.architecture, "options": dict(options)}
    if painter.brush != DEFAULT_BRUSH:
        description |= {
            "brush": painter.brush,
            "brush_key": brush_key(painter.brush),
            "proxy": dataclasses.asdict(painter.ribbon),
        }
    weights = {key: value.detach().cpu().contiguous() for key, value in painter.state_dict().items()}
    with write_whole(path) as temporary:
        temporary.write_bytes(save(weights, {"painter": json.dumps(description)}))
    with write_whole(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps({**description, **card}, indent=2) + "\n")


def keep_painter(path: str | Path, name: str, brush: str) -> Path:
    """Copy a painter's file, and its card, to where ``load_painter(name, brush=brush)`` finds them; says where.

    Raises:
        InvalidInputError: the data folder cannot be written.
    """
    kept = trained_painters() / name / f"{brush_key(brush)}.safetensors"
    make_folder(kept.parent)
    for suffix in (".json", ".safetensors"):
        with write_whole(kept.with_suffix(suffix)) as temporary:
            shutil.copyfile(Path(path).with_suffix(suffix), temporary)
    return kept
