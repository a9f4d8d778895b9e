"""Runs the command line where torch cannot be imported: lists of arguments as JSON in, what became of each as JSON out.

Run as a program of its own: ``python without_torch.py < arguments.json``.
"""

import contextlib
import importlib.abc
import io
import json
import sys
from typing import Any

HEAVY = ("torch", "torchvision", "stable_baselines3")


class _Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name.partition(".")[0] in HEAVY:
            raise AssertionError(f"{name} was imported")


def _call(arguments: list[str]) -> dict[str, Any]:
    from paintgym.scripts.main import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: Any = main(arguments)
        except SystemExit as end:
            code = end.code
        except BaseException as error:
            code = f"{type(error).__name__}: {error}"
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    sys.meta_path.insert(0, _Refuse())
    answers = [_call(arguments) for arguments in json.load(sys.stdin)]
    json.dump({"answers": answers, "pillow": "PIL" in sys.modules}, sys.stdout)
