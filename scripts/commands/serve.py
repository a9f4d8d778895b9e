"""``paintgym serve``: the page and its service, by waitress. What they do is in ``webapp``."""

import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from ...checks import check_whole
from ...errors import InvalidInputError
from ...webapp.settings import Settings
from ..names import check_policy

_SHUTDOWN_SECONDS, _LAST_SECONDS = 2.0, 4.5
_LARGEST_PORT = 65_535
_SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter from the others, which paint in many short steps: with Python's 5 ms
sixteen large pictures at once take a twentieth longer."""


@dataclass(frozen=True)
class Arguments:
    """Serve the page that paints pictures. Limits are set by environment variables: see docs/hosting.md."""

    host: str = "127.0.0.1"
    """Address to listen on: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody."""
    port: int = 8000
    """Port to listen on; 0 for any that is free, which is printed."""
    url_prefix: str | None = None
    """Path that the page is served under, such as /paint, where a proxy passes on no other; by default that of
    PAINTGYM_URL_PREFIX, or none."""


def run(arguments: Arguments) -> None:
    """Serve until SIGTERM or Ctrl-C, then cancel what is under way and end within five seconds."""
    check_whole("port", arguments.port, 0, _LARGEST_PORT)
    settings = Settings.from_environment()
    if arguments.url_prefix is not None:
        settings = replace(settings, url_prefix=arguments.url_prefix)
    check_policy("PAINTGYM_POLICY", settings.policy)
    import torch

    from ...memory import limit_arenas
    from ...webapp.application import create_app
    from ...webapp.server import make_metrics_server, make_server

    limit_arenas()
    sys.setswitchinterval(_SWITCH_SECONDS)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    torch.set_num_threads(settings.torch_threads)  # before the threads that paint are started
    app = create_app(settings)
    service = app.extensions["painting_service"]
    try:
        server = make_server(app, arguments.host, arguments.port, settings)
        if settings.metrics_port:
            figures = make_metrics_server(service, arguments.host, settings.metrics_port)
            threading.Thread(target=figures.run, name="metrics", daemon=True).start()
    except InvalidInputError:
        service.close()
        raise

    def end(number: int, frame: FrameType | None) -> None:
        # Before results are kept: a store that another process writes to may take its time.
        watchdog = threading.Timer(_LAST_SECONDS, os._exit, (0,))
        watchdog.daemon = True
        watchdog.start()
        # Streams end with their paintings, and waitress waits for its threads.
        service.close(timeout=0)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    try:
        service.warm_up()
        address = f"http://{_address(server, arguments.host)}{settings.url_prefix}"
        print(f"paintgym: painting at {address} (Ctrl-C ends)", flush=True)
        trusted = app.extensions["trusted_hosts"]
        print(f"paintgym: served by the names {trusted}; PAINTGYM_TRUSTED_HOSTS sets others", flush=True)
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        if not service.close(_SHUTDOWN_SECONDS):
            # A painting in the middle of a long step: nothing of it is worth keeping, or waiting for.
            os._exit(0)


def _address(server: Any, host: str) -> str:
    """Host and port as a browser takes them; the port is the one that the server listens on."""
    # A name such as localhost may stand for several addresses, and 0 for another port on each of them: the first.
    port = server.effective_port if hasattr(server, "effective_port") else server.effective_listen[0][1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
