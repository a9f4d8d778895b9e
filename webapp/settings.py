"""What whoever runs the page may set, by environment variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import InvalidInputError

_VARIABLE_PREFIX = "PAINTGYM_"
PREFIX_PATTERN = r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*"
"""Of the paths that the page may be served under: letters, digits and ``._~-``, which nothing has to encode."""


@dataclass(frozen=True)
class Settings:
    """Limits of the service; ``upload_megabytes`` is set by ``PAINTGYM_UPLOAD_MEGABYTES``, and so on.

    Attributes:
        policy: name or ``.safetensors`` file of the policy that paints at once.
        device: where paintings are made: cpu or cuda.
        trusted_hosts: names the page may be asked for by, separated by commas; ``*`` for any. By default all addresses,
            ``localhost`` and, where others can reach the page, this machine's names: see ``hosts``.
        trusted_proxies: proxies before the page whose ``X-Forwarded-For``, ``-Proto``, ``-Host`` and ``-Prefix`` are
            believed; 0 for none. With more than there are, every client is believed.
        url_prefix: path that the page is served under, such as ``/paint``; where a trusted proxy sends one, that.
        upload_megabytes: largest request.
        maximum_pixels: largest picture, read from its header before it is decoded.
        maximum_strokes: most strokes of a painting of 64x64.
        maximum_large_strokes: the same for larger ones.
        maximum_size: longer side in pixels of the largest paintings; 64 allows none but those of 64x64.
        time_limit: seconds that a painting may take, from its start.
        batch: most paintings of the policy that advance together.
        torch_threads: cores that one step of a painting, or of a batch, may use; the others serve meanwhile.
        queue_length: paintings of the policy that may wait or be under way; the next is refused with 503.
        large_queue_length: the same for whole pictures.
        large_workers: of those, how many are made at the same time.
        slow_queue_length: the same for agents that take their time.
        slow_workers: paintings of such agents that are made at the same time.
        patience: seconds; while the whole pictures that wait would take longer, the last moving of all strokes
            together, which takes half of the time, is left out.
        unwatched_seconds: a painting whose watchers have been gone for so long is stopped.
        results_kept: finished paintings kept for download; the oldest go first.
        results_megabytes: memory that they may take; the same.
        result_minutes: how long a finished painting is kept.
        store: folder in which finished and shared paintings outlast the process; empty for its memory alone.
        store_megabytes: what they may take there; the oldest go first, shared ones last.
        share_days: how long shared paintings are kept; 0 for as long as there is room.
        fetch_pictures: 1 lets pictures be fetched by their addresses, from the public network alone.
        metrics_token: ``/metrics`` is shown to who sends it, as ``Authorization: Bearer ...``.
        metrics_port: port, at the page's own address, that shows ``/metrics`` without a token; 0 for none.
        threads: requests answered at the same time; a stream of events holds one.
    """

    policy: str = "paintings"
    device: str = "cpu"
    trusted_hosts: str = ""
    trusted_proxies: int = 0
    url_prefix: str = ""
    upload_megabytes: int = 10
    maximum_pixels: int = 25_000_000
    maximum_strokes: int = 1000
    maximum_large_strokes: int = 5000
    maximum_size: int = 1024
    time_limit: int = 60
    batch: int = 16
    torch_threads: int = 1
    queue_length: int = 64
    large_queue_length: int = 64
    large_workers: int = 2
    slow_queue_length: int = 16
    slow_workers: int = 1
    patience: int = 20
    unwatched_seconds: int = 10
    results_kept: int = 100
    results_megabytes: int = 64
    result_minutes: int = 15
    store: str = ""
    store_megabytes: int = 500
    share_days: int = 0
    fetch_pictures: int = 0
    metrics_token: str = ""
    metrics_port: int = 0
    threads: int = 64

    def __post_init__(self) -> None:
        for name in self.trusted_hosts.split(","):
            if not _is_host_name(name.strip()):
                raise InvalidInputError(
                    f"{variable('trusted_hosts')} names {name.strip()!r}, expected host names such as "
                    "paint.example.org, separated by commas"
                )
        prefix = "/" + self.url_prefix.strip("/") if self.url_prefix.strip("/") else ""
        if not re.fullmatch(PREFIX_PATTERN, prefix):
            raise InvalidInputError(
                f"the URL prefix is {self.url_prefix!r}, expected a path such as /paint by --url-prefix or "
                f"{variable('url_prefix')}"
            )
        object.__setattr__(self, "url_prefix", prefix)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; what is not set has its default.

        Raises:
            InvalidInputError: a value that is not a whole number above 0 where one is expected, or a text that is no
                host name or path.
        """
        chosen: dict[str, Any] = {}
        for field in fields(cls):
            text = environment.get(variable(field.name))
            if text and isinstance(field.default, int):
                chosen[field.name] = _whole(variable(field.name), text, least=min(field.default, 1))
            elif text:
                chosen[field.name] = text
        return cls(**chosen)

    @property
    def upload_bytes(self) -> int:
        """Largest request."""
        return self.upload_megabytes * 1_000_000

    @property
    def maximum_streams(self) -> int:
        """Event streams open at the same time; the other threads answer everything else."""
        return max(1, self.threads - max(4, self.threads // 4))


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return _VARIABLE_PREFIX + name.upper()


def _is_host_name(name: str) -> bool:
    try:
        name.removeprefix(".").encode("idna")
    except UnicodeError:  # a label that is empty or too long
        return False
    return not re.search(r"[/\s@]", name)


def _whole(name: str, text: str, least: int) -> int:
    # A number of more digits is none that anybody means, and Python refuses to read those of thousands.
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) >= least):
        raise InvalidInputError(f"{name} is {text!r}, expected a whole number of at least {least}")
    return int(text)
