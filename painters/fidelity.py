"""How true a neural painter is to the real brush: figures and contact sheets. Nothing here trains."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .gan import high_pass
from .painter import Painter

_BATCH = 64
_SHEET_COLUMNS = 6


@dataclass(frozen=True)
class Fidelity:
    """Figures pooled over all pixels of all strokes, coverage in [0, 1]."""

    strokes: int
    psnr: float
    """10 log10(1 / mean squared error), dB; higher is better."""
    l1: float
    """Mean absolute error."""
    iou: float
    """Intersection over union of the pixels covered by more than half."""
    detail: float
    """High-frequency energy of the neural coverage: the mean square of ``high_pass``."""
    real_detail: float
    """The same of the real coverage."""

    @property
    def detail_gap(self) -> float:
        """|detail / real_detail - 1|: 0 means as crisp as the real brush."""
        return abs(self.detail / self.real_detail - 1) if self.real_detail else 0.0

    def as_dict(self) -> dict[str, float]:
        """The figures, rounded for cards and reports."""
        return {key: round(value, 7) for key, value in asdict(self).items()} | {"detail_gap": round(self.detail_gap, 4)}


def as_batches(
    strokes: NDArray[np.float32], coverage: NDArray[np.uint8], size: int = _BATCH, device: str | torch.device = "cpu"
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of strokes (n, 12) and real coverage (n, 1, 64, 64) in [0, 1], in order."""
    for first in range(0, len(strokes), size):
        part = slice(first, first + size)
        yield (
            torch.from_numpy(strokes[part]).to(device),
            torch.from_numpy(coverage[part]).to(device)[:, None].float() / 255,
        )


@torch.no_grad()
def measure_fidelity(painter: Painter, strokes: NDArray[np.float32], coverage: NDArray[np.uint8]) -> Fidelity:
    """Compare a painter with the engine.

    Args:
        painter: the painter, which is left in the mode it was in.
        strokes: (N, 12) float32 in [0, 1].
        coverage: (N, 64, 64) uint8, what the engine drew for them.
    """
    was_training = painter.training
    painter.eval()
    device = next(iter(painter.state_dict().values())).device
    square = absolute = detail = real_detail = 0.0
    both = either = 0
    for batch, real in as_batches(strokes, coverage, device=device):
        neural = painter(batch)
        difference = neural - real
        square += difference.square().sum(dtype=torch.float64).item()
        absolute += difference.abs().sum(dtype=torch.float64).item()
        both += int(((neural > 0.5) & (real > 0.5)).sum())
        either += int(((neural > 0.5) | (real > 0.5)).sum())
        detail += high_pass(neural).square().mean((1, 2, 3)).sum(dtype=torch.float64).item()
        real_detail += high_pass(real).square().mean((1, 2, 3)).sum(dtype=torch.float64).item()
    painter.train(was_training)
    return Fidelity(
        strokes=len(strokes),
        psnr=float(10 * np.log10(coverage.size / max(square, 1e-12))),
        l1=absolute / coverage.size,
        iou=both / either if either else 1.0,
        detail=detail / len(strokes),
        real_detail=real_detail / len(strokes),
    )


@torch.no_grad()
def contact_sheet(
    painter: Painter, strokes: NDArray[np.float32], coverage: NDArray[np.uint8], scale: int = 2
) -> Image.Image:
    """Pairs of strokes in their colours on white: the real brush on the left of each pair, the painter on the right.

    Args:
        painter: the painter, in evaluation mode.
        strokes: (N, 12) float32 in [0, 1].
        coverage: (N, 64, 64) uint8, what the engine drew for them.
        scale: whole-number enlargement.
    """
    device = next(iter(painter.state_dict().values())).device
    tiles = []
    for batch, real in as_batches(strokes, coverage, device=device):
        pair = torch.cat([real, painter(batch)], 3)
        # Pale inks hide the grain: each colour is shown at no more than half its brightness.
        color = batch[:, 6:9, None, None] * 0.5
        pair = 1 - pair * (1 - color)
        tiles.append(F.pad(pair, (2, 2, 2, 2), value=0.8).cpu())
    pairs = torch.cat(tiles)
    blanks = -len(pairs) % _SHEET_COLUMNS
    pairs = F.pad(pairs, (0, 0, 0, 0, 0, 0, 0, blanks), value=1.0)
    count, _, height, width = pairs.shape
    sheet = pairs.view(-1, _SHEET_COLUMNS, 3, height, width).permute(0, 3, 1, 4, 2)
    pixels = (sheet.reshape(count // _SHEET_COLUMNS * height, _SHEET_COLUMNS * width, 3) * 255).round().byte().numpy()
    picture = Image.fromarray(pixels)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
