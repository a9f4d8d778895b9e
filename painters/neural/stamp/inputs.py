"""MyPaint's inputs from what the pen does: libmypaint 1.6's ``update_states_and_setting_values``."""

import math

import torch
from torch import Tensor, nn

from ...modes import multiply

EVENTS = 103
"""Of the pen, as ``mypaint.engine.stroke_events`` has them: touch, entry, 100 along the curve, lift."""
EVENT_SECONDS = 0.1
"""Between two of them."""
TRACKING_STEPS = 100.0
"""Steps of slow tracking in a second."""
LEAST_SLOWNESS = 1e-3
"""Below it libmypaint filters nothing (``exp_decay``)."""
_SPEED_FIX = (45.0, 0.5, 0.015)
"""The speed inputs' logarithm is fixed to the value 0.5 and the slope 0.015 at 45 pixels a second."""
_RESTING = 1e-6
"""Steps of a stretch: keeps a pen that rests divisible."""


def speed_input(slow: Tensor, gamma: float) -> Tensor:
    """The speed input of a slow speed in pixels a second (``settings_base_values_have_changed``)."""
    at, value, slope = _SPEED_FIX
    offset = math.exp(gamma)
    scale = slope * (at + offset)
    return torch.log(slow.clamp(min=0.0) + offset) * scale + (value - scale * math.log(at + offset))


def direction_input(x: Tensor, y: Tensor) -> Tensor:
    """The direction input, degrees in [0, 180), of a vector of twice the angle."""
    nowhere = (x == 0) & (y == 0)
    return torch.rad2deg(torch.atan2(y, torch.where(nowhere, 1.0, x)) / 2).remainder(180.0)


def following(first: Tensor, start: Tensor, end: Tensor, steps: Tensor) -> Tensor:
    """What follows a line from start to end on each stretch, by a filter of first order: at events, (N, P, C).

    Args:
        first: (N, 1, C) where it begins.
        start: (N, P - 1, C) of the lines.
        end: (N, P - 1, C).
        steps: (N, P - 1) lengths of the stretches, in time constants.

    Examples:
        >>> one = torch.ones(1, 3, 1)
        >>> following(0 * one[:, :1], one, one, torch.full((1, 3), 0.5)).flatten()  # 1 - e^-t
        tensor([0.0000, 0.3935, 0.6321, 0.7769])
    """
    left = torch.exp(-steps)[..., None]
    # After a stretch of s: end - lag + (value - start + lag) e^-s, with lag = (end - start) / s.
    added = end - start * left - (end - start) * (1 - left) / (steps[..., None] + _RESTING)
    passed = nn.functional.pad(steps.cumsum(1), (1, 0))
    kernel = torch.exp((passed[:, None, 1:] - passed[:, :, None]).clamp(max=0.0)).tril(-1)
    return torch.exp(-passed)[..., None] * first + multiply(kernel, added)


def smoothed(targets: Tensor, steps: Tensor) -> Tensor:
    """What follows targets (N, P - 1, C), one for each stretch, from 0 on: at events, (N, P, C).

    Args:
        targets: towards which it moves on each stretch.
        steps: (N, P - 1) lengths of the stretches, in time constants.
    """
    return following(torch.zeros_like(targets[:, :1]), targets, targets, steps)


def tracking_matrix(slowness: float) -> Tensor:
    """(103, 103) float64 matrix of slow tracking: every event moves the pen a part of the way, first from (0, 0)."""
    left = math.exp(-TRACKING_STEPS * EVENT_SECONDS / slowness) if slowness > LEAST_SLOWNESS else 0.0
    event = torch.arange(EVENTS, dtype=torch.float64)
    delay = event[:, None] - event
    return torch.where(delay >= 0, (1 - left) * left ** delay.clamp(min=0), 0.0)


def slow_matrix(slowness: float) -> Tensor:
    """(103, 102) matrix from how far the pen moved on stretches to its slow speed at events, pixels a second."""
    left = math.exp(-EVENT_SECONDS / slowness) if slowness > LEAST_SLOWNESS else 0.0
    event = torch.arange(EVENTS, dtype=torch.float64)
    delay = event[:, None] - 1 - event[:-1]
    return (torch.where(delay >= 0, (1 - left) * left ** delay.clamp(min=0), 0.0) / EVENT_SECONDS).float()
