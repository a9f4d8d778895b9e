"""Neural painters by name: built, loaded from safetensors files, and saved as such."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import InvalidInputError
from ..files import write_whole
from .device import find_device
from .modes import plain_torch
from .names import PAINTER_FILES, find_painter
from .neural.deconv import DeconvPainter
from .neural.splat import SplatPainter
from .neural.vae import VaePainter
from .painter import Painter


def _architectures() -> dict[str, type[Painter]]:
    return {painter.architecture: painter for painter in (SplatPainter, DeconvPainter, VaePainter)}


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
def load_painter(name: str | Path = "gan", device: str | torch.device = "cpu") -> Painter:
    """Load a trained painter: evaluation mode, frozen, deterministic.

    Args:
        name: a shipped painter (``"gan"``, ``"vae"``, ``"gan-deconv"``), or the path of a ``.safetensors`` file that
            ``save_painter`` wrote.
        device: where its weights go.

    Raises:
        InvalidInputError: no such painter, a file that is not a painter's, or a device that torch cannot use here.
    """
    device = find_device(device)
    path, description = find_painter(name)
    try:
        painter = build_painter(description["architecture"], **description["options"])
        with safe_open(path, framework="pt", device="cpu") as file:
            painter.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except (SafetensorError, TypeError, ValueError, RuntimeError) as error:
        raise PAINTER_FILES.refusal(path, error) from None
    painter.name = str(name)
    return painter.to(device).eval().requires_grad_(False)


def save_painter(painter: Painter, path: str | Path, options: dict[str, Any], card: dict[str, Any]) -> None:
    """Write a painter's weights, and its card beside them as ``.json``, each whole or not at all.

    Args:
        painter: what to save.
        path: a ``.safetensors`` path.
        options: the arguments that ``build_painter`` needs to make the painter again.
        card: how it was trained and what it reaches; must be JSON.
    """
    path = Path(path)
    description = {"architecture": painter.architecture, "options": options}
    weights = {key: value.detach().cpu().contiguous() for key, value in painter.state_dict().items()}
    with write_whole(path) as temporary:
        save_file(weights, temporary, metadata={"painter": json.dumps(description)})
    with write_whole(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps({**description, **card}, indent=2) + "\n")
