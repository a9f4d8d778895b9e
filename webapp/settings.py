"""What whoever runs the page may set, by environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import InvalidInputError

_PREFIX = "PAINTGYM_"


@dataclass(frozen=True)
class Settings:
    """Limits of the service; ``upload_megabytes`` is set by ``PAINTGYM_UPLOAD_MEGABYTES``, and so on.

    Attributes:
        policy: name or ``.safetensors`` file of the policy that paints at once.
        trusted_hosts: names the page may be asked for by, separated by commas; ``*`` for any.
        upload_megabytes: largest request.
        maximum_pixels: largest picture, read from its header before it is decoded.
        maximum_strokes: most strokes of a painting of 64x64.
        maximum_large_strokes: the same for larger ones.
        maximum_size: longer side in pixels of the largest paintings; 64 allows none but those of 64x64.
        time_limit: seconds that a painting may take, from its start.
        batch: most paintings of the policy that advance together.
        torch_threads: cores that one step of a painting, or of a batch, may use; the others serve meanwhile.
        queue_length: paintings of the policy that may wait or be under way; the next is refused with 503.
        slow_queue_length: the same for agents that take their time.
        slow_workers: paintings of such agents that are made at the same time.
        results_kept: finished paintings kept for download; the oldest go first.
        results_megabytes: memory that they may take; the same.
        result_minutes: how long a finished painting is kept.
        threads: requests answered at the same time; a stream of events holds one.
    """

    policy: str = "paintings"
    trusted_hosts: str = "127.0.0.1,localhost,[::1]"
    upload_megabytes: int = 10
    maximum_pixels: int = 25_000_000
    maximum_strokes: int = 1000
    maximum_large_strokes: int = 5000
    maximum_size: int = 1024
    time_limit: int = 60
    batch: int = 16
    torch_threads: int = 1
    queue_length: int = 64
    slow_queue_length: int = 16
    slow_workers: int = 1
    results_kept: int = 100
    results_megabytes: int = 64
    result_minutes: int = 15
    threads: int = 64

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; what is not set has its default.

        Raises:
            InvalidInputError: a value that is not a whole number above 0 where one is expected.
        """
        chosen: dict[str, Any] = {}
        for field in fields(cls):
            variable = _PREFIX + field.name.upper()
            text = environment.get(variable)
            if text:
                chosen[field.name] = _whole(variable, text) if isinstance(field.default, int) else text
        return cls(**chosen)

    @property
    def hosts(self) -> list[str] | None:
        """Trusted host names; None for any."""
        names = [name.strip() for name in self.trusted_hosts.split(",") if name.strip()]
        return None if "*" in names else names

    @property
    def upload_bytes(self) -> int:
        """Largest request."""
        return self.upload_megabytes * 1_000_000

    @property
    def maximum_streams(self) -> int:
        """Event streams open at the same time; the other threads answer everything else."""
        return max(1, self.threads - max(4, self.threads // 4))


def _whole(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InvalidInputError(f"{variable} is {text!r}, expected a whole number above 0")
    return int(text)
