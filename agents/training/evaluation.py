"""What a policy reaches on held-out pictures: figures, and pictures of canvases. Nothing learns here."""

import io
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ...envs.losses.loss import Loss
from ...painters.painter import Painter
from ...painters.pixels import to_uint8
from ..policy.planner import Planner
from ..policy.rollout import paint_steps

_BATCH_SIZE = 16
"""Pictures painted side by side: bounds memory, and small batches fit the cache."""
_SHOWN = 8
"""Pictures of a sheet: as many as TensorBoard shows side by side without shrinking them."""
_FRAME_MILLISECONDS, _LAST_FRAME_MILLISECONDS = 120, 2000
"""Of the film in TensorBoard: a step, and the finished paintings."""


def evaluate(
    planner: Planner,
    pictures: Tensor,
    painter: Painter,
    losses: Sequence[Loss],
    budgets: Sequence[int],
    report: Callable[[], object] = lambda: None,
) -> dict[str, float]:
    """Mean losses of finished paintings.

    Args:
        planner: paints.
        pictures: (N, 3, 64, 64) in [0, 1].
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).
        losses: what judges.
        budgets: numbers of strokes.
        report: called after each batch of pictures.

    Returns:
        Figures by names such as ``"mse_200"``.
    """
    figures: dict[str, float] = {}
    for budget in budgets:
        sums = dict.fromkeys([loss.name for loss in losses], 0.0)
        for batch in pictures.split(_BATCH_SIZE):
            *_, (_, canvas) = paint_steps(planner, batch, budget, painter)
            for loss in losses:
                sums[loss.name] += float(loss(canvas, loss.features(batch)).sum())
            report()
        figures |= {f"{name}_{budget}": total / len(pictures) for name, total in sums.items()}
    return figures


def log_paintings(
    writer: SummaryWriter,
    step: int,
    planner: Planner,
    pictures: Tensor,
    painter: Painter,
    budgets: Sequence[int],
) -> None:
    """Show the first pictures and their paintings in TensorBoard: a sheet, and how the longest painting grows.

    Args:
        writer: of TensorBoard; the tags are ``paint/canvases`` and ``paint/timelapse``.
        step: of the training.
        planner: paints.
        pictures: (N, 3, 64, 64) in [0, 1].
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).
        budgets: numbers of strokes, a row for each.
    """
    shown = pictures[:_SHOWN]
    rows, frames = [_row(shown)], []
    for budget in budgets:
        steps = [canvas for _, canvas in paint_steps(planner, shown, budget, painter)]
        rows.append(_row(steps[-1]))
        if budget == max(budgets):
            frames = [_row(canvas) for canvas in (torch.ones_like(shown), *steps)]
    writer.add_image("paint/canvases", np.concatenate(rows), step, dataformats="HWC")
    film = [Image.fromarray(np.concatenate([rows[0], frame])) for frame in frames]
    buffer = io.BytesIO()
    milliseconds = [_FRAME_MILLISECONDS] * (len(film) - 1) + [_LAST_FRAME_MILLISECONDS]
    film[0].save(buffer, "GIF", save_all=True, append_images=film[1:], duration=milliseconds, loop=0)
    # SummaryWriter.add_video makes the same summary, but needs moviepy to make a GIF.
    picture = Summary.Image(
        height=film[0].height, width=film[0].width, colorspace=3, encoded_image_string=buffer.getvalue()
    )
    assert writer.file_writer is not None
    writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="paint/timelapse", image=picture)]), step)


def _row(pictures: Tensor) -> NDArray[np.uint8]:
    """Pictures (N, 3, H, W) side by side: (H, N * W, 3) uint8."""
    return np.concatenate(list(to_uint8(pictures)), axis=1)
