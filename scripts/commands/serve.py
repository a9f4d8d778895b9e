"""``paintgym serve``: the page and its service, by waitress. What they do is in ``webapp``."""

import logging
import os
import signal
import threading
from dataclasses import dataclass
from types import FrameType

from ...errors import InvalidInputError
from ...webapp.application import create_app
from ...webapp.memory import limit_arenas
from ...webapp.server import make_server
from ...webapp.settings import Settings

_SHUTDOWN_SECONDS, _LAST_SECONDS = 2.0, 4.5


@dataclass(frozen=True)
class Arguments:
    """Serve the page that paints pictures. Limits are set by environment variables: see docs/hosting.md."""

    host: str = "127.0.0.1"
    """Address to listen on: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody."""
    port: int = 8000
    """Port to listen on."""


def run(arguments: Arguments) -> None:
    """Serve until SIGTERM or Ctrl-C, then cancel what is under way and end within five seconds."""
    import torch

    limit_arenas()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings.from_environment()
    torch.set_num_threads(settings.torch_threads)  # before the threads that paint are started
    app = create_app(settings)
    service = app.extensions["painting_service"]
    try:
        server = make_server(app, arguments.host, arguments.port, settings)
    except InvalidInputError:
        service.close()
        raise

    def end(number: int, frame: FrameType | None) -> None:
        # Streams end with their paintings, and waitress waits for its threads.
        service.close(timeout=0)
        watchdog = threading.Timer(_LAST_SECONDS, os._exit, (0,))
        watchdog.daemon = True
        watchdog.start()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    try:
        service.warm_up()
        print(f"paintgym: painting at http://{arguments.host}:{arguments.port} (Ctrl-C ends)", flush=True)
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        if not service.close(_SHUTDOWN_SECONDS):
            # A painting in the middle of a long step: nothing of it is worth keeping, or waiting for.
            os._exit(0)
