"""Losses by name; ``registry`` makes them. Nothing here waits for torch."""

from ...errors import InvalidInputError

PIXEL_LOSS = "mse"
NETWORK_NAMES = ("vgg19", "lite")
"""Networks whose features perceptual losses compare."""


def perceptual_names() -> list[str]:
    """What ``PerceptualLoss.name`` may be: a network, and for bfloat16 its name with ``-bf16``."""
    return [f"{network}{suffix}" for network in NETWORK_NAMES for suffix in ("", "-bf16")]


def check_loss(name: str) -> str:
    """The name of a loss.

    Raises:
        InvalidInputError: unknown name.
    """
    names = [PIXEL_LOSS, *perceptual_names()]
    if name not in names:
        raise InvalidInputError(f"there is no loss {name!r}; expected one of {', '.join(names)}")
    return name
