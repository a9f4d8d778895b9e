"""What a painter of any brush has to be told of it: its law, and how many dabs its strokes have."""

from typing import Any

import numpy as np
import torch

from ...errors import InvalidInputError
from ..evaluation.robustness import degenerate_strokes
from ..mypaint.brush_file import parse_brush
from ..mypaint.brushes import brush_definition, brush_stream
from ..neural.stamp.law import BrushLaw
from ..neural.stamp.pen import Pen
from ..stroke import random_strokes
from .config import TrainingConfig

_COUNTED = 5_000
"""Random strokes whose dabs are counted, beside degenerate ones."""
_MOST_DABS = 4_096
"""Dabs that random numbers are kept for, at most: 64 KB of weights. Two Debian brushes have longer strokes."""
_ABSURD = 50_000
"""Dabs of a stroke that are a mistake in a brush's file: of Debian's brushes the most are 12,000."""
_STEP = 64
"""Numbers of dabs are rounded up to a multiple."""


def painter_options(config: TrainingConfig) -> dict[str, Any]:
    """What ``build_painter`` is told of the brush: nothing for painters that learn all of it.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: a brush that cannot be painted with, whose law is not followed, or of absurdly many dabs.
    """
    if config.architecture != "stamp":
        return {}
    law = brush_law(config.brush)
    most = longest_stroke(law)
    if most > _ABSURD:
        raise InvalidInputError(
            f"no painter can be trained for brush {config.brush!r}: its longest strokes have {most:,.0f} dabs, "
            f"expected at most {_ABSURD:,}"
        )
    return {"law": law.written(), "dabs": int(min(_MOST_DABS, (most // _STEP + 1) * _STEP))}


def brush_law(brush: str) -> BrushLaw:
    """The settings of an installed brush, or of a ``.myb`` file.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: a brush that cannot be painted with, or whose law is not followed.

    Examples:
        >>> brush_law("classic/charcoal").base("dabs_per_actual_radius")
        5.0
    """
    return BrushLaw.of(parse_brush(brush_definition(brush), brush), brush)


@torch.no_grad()
def longest_stroke(law: BrushLaw) -> float:
    """How many dabs the longest of random and degenerate strokes have."""
    pen = Pen(law)
    if law.shakes:
        pen.stream.copy_(torch.from_numpy(brush_stream(len(pen.stream))))
    random = random_strokes(_COUNTED, np.random.default_rng(0)).astype(np.float32)
    strokes = torch.from_numpy(np.concatenate([random, degenerate_strokes()]))
    return max(float(pen(part).total.max()) for part in strokes.split(1_000))
