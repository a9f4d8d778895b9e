"""What a neural painter is, and how its weights are stored and loaded. The networks live beside this file."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import InvalidInputError
from ..files import write_whole
from .raster import WHOLE, Raster, resample
from .stroke import STROKE_LENGTH

_WEIGHTS_FOLDER = Path(__file__).parent / "weights"


class Painter(nn.Module):
    """Turns strokes into coverage, differentiably.

    ``painter(strokes)`` takes (N, 12) in [0, 1] and returns (N, 1, 64, 64) in [0, 1]. The colour of a stroke is
    given exactly by its own three numbers, so a painter predicts coverage alone and ignores them. Numbers outside
    [0, 1], where an optimiser may stray, are taken at the nearer end.
    """

    architecture: str
    """Key in the registry of painters; stored with the weights."""
    name: str = ""
    """What the painter was loaded as."""

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1], already checked."""
        raise NotImplementedError

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster, for canvases larger than 64x64.

        Interpolated from the 64x64 canvas, and cut where that ends, unless the painter knows better.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        return resample(self(strokes), WHOLE, raster)

    def forward(self, strokes: Tensor) -> Tensor:
        """See the class.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        return self.coverage(self._checked(strokes))

    @staticmethod
    def _checked(strokes: Tensor) -> Tensor:
        if strokes.ndim != 2 or strokes.shape[1] != STROKE_LENGTH:
            raise InvalidInputError(f"strokes have shape {tuple(strokes.shape)}, expected (N, {STROKE_LENGTH})")
        if strokes.isnan().any():
            raise InvalidInputError("a stroke holds NaN, expected numbers in [0, 1]")
        return strokes.clamp(0.0, 1.0)


def _architectures() -> dict[str, type[Painter]]:
    from .neural.deconv import DeconvPainter
    from .neural.splat import SplatPainter
    from .neural.vae import VaePainter

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


def shipped_painters() -> list[str]:
    """Names of the painters that come with the package."""
    return sorted(path.stem for path in _WEIGHTS_FOLDER.glob("*.safetensors"))


def load_painter(name: str | Path = "gan", device: str | torch.device = "cpu") -> Painter:
    """Load a trained painter: evaluation mode, frozen, deterministic.

    Args:
        name: a shipped painter (``"gan"``, ``"vae"``, ``"gan-deconv"``), or the path of a ``.safetensors`` file that
            ``save_painter`` wrote.
        device: where its weights go.

    Raises:
        InvalidInputError: no such painter, or a file that is not a painter's.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        if str(name) not in shipped_painters():
            raise InvalidInputError(
                f"unknown painter {str(name)!r}; choose one of {shipped_painters()}, or give a .safetensors file"
            )
        path = _WEIGHTS_FOLDER / f"{name}.safetensors"
    if not path.is_file():
        raise InvalidInputError(f"painter file {path} does not exist; 'paintgym train-painter' writes one")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            description = json.loads((file.metadata() or {})["painter"])
            painter = build_painter(description["architecture"], **description["options"])
            painter.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInputError(f"{path} is not a painter file of this version ({reason})") from None
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
