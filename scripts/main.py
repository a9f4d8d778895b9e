"""The ``paintgym`` command: picks the subcommand, parses its arguments, reports errors. The work is elsewhere.

A command's module is imported to explain it and to check its arguments, and must not wait for torch; what its ``run``
needs, it imports after all checks.
"""

import atexit
import contextlib
import importlib
import io
import itertools
import os
import select
import signal
import sys
import warnings
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any, NoReturn

from .. import __version__
from ..errors import InvalidInputError, PaintgymError
from .options import naming_options, take_former

COMMANDS = {
    "paint": "paint a picture, small or large, stroke by stroke",
    "serve": "serve the web page where anyone has a picture painted",
    "load-test": "measure how fast the page's service is, on this machine alone",
    "compare": "let agents and painters paint the same pictures, and report loss, replay and time",
    "plan": "tell what painting very many pictures takes: hours, machines, disk and memory",
    "targets": "list and preview the pictures there are to paint",
    "brushes": "list MyPaint's brushes, and show how they look",
    "strokes": "draw a data set of random strokes with the real MyPaint brush",
    "replay": "paint the strokes of a saved painting again, by the real MyPaint or a neural painter, at any size",
    "train-painter": "train the neural painter on drawn strokes",
    "train-policy": "train a policy that paints, through the canvas and by PPO",
    "train-baseline": "train plain reinforcement learning on a task of the ladder",
    "evaluate": "measure what an agent or a baseline reaches on a task's held-out targets",
    "gallery": "show what baselines paint, side by side or as they learn",
    "scoreboard": "train and sum up the baselines of all tasks",
    "learning-curves": "show what training runs of policies reached when",
    "export-policy": "write a policy as a stable-baselines3 zip or as ONNX",
    "train-classifier": "train the classifier that reads painted digits",
    "train-lite": "teach the lite loss VGG19's judgment, and measure it",
    "fit": "fit the parameters of the proxy renderer or of SVG paintings again, and compare them with those in use",
    "fidelity": "measure the neural painter against the real brush",
    "bench": "measure how fast painters and environments are",
}
"""Subcommand to what it does. ``load-test`` is ``run`` and ``Arguments`` of ``commands/load_test.py``, and
``train-painter`` of ``commands/train/painter.py``."""
_LADDER = ("evaluate", "gallery", "scoreboard")
"""Those in ``commands/ladder``."""

_EXAMPLES = """\
examples:
  paintgym paint                                       paint the bundled still life
  paintgym paint photo.jpg --strokes 200 --out painting.png --out growing.gif
  paintgym paint photo.jpg --agent greedy --loss mse --out strokes.json
  paintgym strokes --count 100000 --out strokes/
  paintgym fidelity --help                             every command explains itself

Data such as the VGG19 weights is looked for in the folder PAINTGYM_DATA names."""

_READER_GONE = 128 + 13
"""Exit code where whoever reads the output closed the pipe, as shells have it for SIGPIPE."""


def find_command(name: str) -> ModuleType:
    """The module of one of ``COMMANDS``."""
    folder = "ladder." if name in _LADDER else ""
    module = name.replace("train-", "train.").replace("-", "_")
    return importlib.import_module(f".commands.{folder}{module}", __package__)


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments without the program's name; those of the process by default, which then ends here.

    Returns:
        The exit code: 0, 1 where some pictures of a folder were passed over, 2 after a mistake of the user (one line on
        standard error), 130 after Ctrl-C, 141 where nobody reads the output any more.
    """
    try:
        try:
            code = _answer(sys.argv[1:] if argv is None else argv)
        finally:
            if sys.stdout:  # None where the process was started without.
                sys.stdout.flush()
    except BrokenPipeError:
        if not _is_reader_gone():
            raise
        code = _READER_GONE
    if argv is None and "torch" in sys.modules:
        _leave(code)
    return code


def _answer(argv: list[str]) -> int:
    # Before torch is imported. Threads that sleep at once nearly halve the painter's speed on an idle machine, and
    # threads that spin for long take many times as long on a busy one: a third of the usual spinning, then sleep.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "100000")
    try:
        with _unwinding_when_terminated(), _warning_in_one_line():
            return _run(argv)
    except PaintgymError as error:
        print(f"paintgym: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("paintgym: interrupted", file=sys.stderr)
        return 130


def _run(argv: list[str]) -> int:
    name = argv[0] if argv else "--help"
    if name in ("-h", "--help"):
        print(_help())
    elif name == "--version":
        print(f"paintgym {__version__}")
    elif name in COMMANDS:
        command = find_command(name)
        arguments = _parse(command, name, take_former(argv[1:], getattr(command, "FORMER_OPTIONS", {})))
        with naming_options(command.Arguments):
            return command.run(arguments) or 0
    else:
        raise InvalidInputError(f"there is no command {name!r}; expected one of {', '.join(COMMANDS)}")
    return 0


def _help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {description}" for name, description in COMMANDS.items())
    return (
        "usage: paintgym COMMAND [OPTIONS]\n\n"
        "Agents paint pictures with a real MyPaint brush, through a neural painter that has gradients.\n\n"
        f"commands:\n{commands}\n\noptions:\n  --help, --version\n\n{_EXAMPLES}"
    )


def _parse(command: ModuleType, name: str, argv: list[str]) -> Any:
    import tyro

    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(command.Arguments, prog=f"paintgym {name}", args=argv)
    except SystemExit as end:
        if end.code != 2:
            raise
        # tyro frames what is wrong in a box, of lines or of dashes: a title, then words up to the first rule say it.
        lines = [line.strip("│ ") for line in complaint.getvalue().splitlines()[1:]]
        said = itertools.dropwhile(lambda line: not line.strip("─-"), lines)
        words = " ".join(itertools.takewhile(lambda line: line.strip("─╰╯-"), said))
        raise InvalidInputError(f"{words}; see 'paintgym {name} --help'") from None


@contextlib.contextmanager
def _warning_in_one_line() -> Iterator[None]:
    """Tell warnings as errors are told, each once, and nothing of what only developers can mend."""
    told: set[str] = set()

    def tell(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        if text not in told and not issubclass(category, DeprecationWarning | PendingDeprecationWarning):
            told.add(text)
            print(f"paintgym: warning: {text}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield


def _is_reader_gone() -> bool:
    """Whether standard output is a pipe that nobody reads; if so, what is still to be written is thrown away."""
    output = sys.stdout.fileno()
    asked = select.poll()
    asked.register(output, 0)
    if not any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), output)
    return True


def _leave(code: int) -> NoReturn:
    """End the process as it is: to take torch's libraries down takes 0.4 s and 110 MB (torch 2.11 for CUDA)."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
    os._exit(code)


@contextlib.contextmanager
def _unwinding_when_terminated() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that half-written files and workers are cleared away."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    try:
        previous = signal.signal(signal.SIGTERM, end)
    except ValueError:  # Not the main thread: whoever called this deals with signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


if __name__ == "__main__":
    sys.exit(main())
