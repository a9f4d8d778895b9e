"""The examples in the painters' docstrings do what they say."""

import doctest
import importlib
from types import ModuleType

import pytest

pytestmark = pytest.mark.usefixtures("one_thread")

MODULES = ("canvas", "modes", "neural.proxy", "painter", "raster", "stroke", "stroke_list")


def load(name: str) -> ModuleType:
    return importlib.import_module(f"paintgym.painters.{name}")


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str) -> None:
    outcome = doctest.testmod(load(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted > 0
    assert outcome.failed == 0
