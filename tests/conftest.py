"""What all tests share: fixed seeds and threads, and skips that name what is missing."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
import torch
from paintgym.errors import MissingLibraryError
from paintgym.files import data_directory
from paintgym.painters.mypaint.engine import MyPaintEngine

torch.set_num_threads(2)
hypothesis.settings.register_profile("paintgym", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("paintgym")


def _find_what_the_brush_lacks() -> str:
    try:
        MyPaintEngine()
    except MissingLibraryError as error:
        return str(error)
    return ""


BRUSH_LACKS = _find_what_the_brush_lacks()


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small tensors are faster without a second thread, and sums do not depend on how threads share them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def brush() -> None:
    """Skip the test where the real brush is not installed."""
    if BRUSH_LACKS:
        pytest.skip(BRUSH_LACKS)


@pytest.fixture
def data() -> Callable[[str], Path]:
    """Give a path in the data folder, or skip the test and say what was not there."""

    def find(name: str) -> Path:
        path = data_directory() / name
        if not path.exists():
            pytest.skip(f"needs {path} (set PAINTGYM_DATA)")
        return path

    return find


def _skipping_without_brush() -> Generator[None, object, object]:
    try:
        return (yield)
    except MissingLibraryError:
        if BRUSH_LACKS:
            pytest.skip(BRUSH_LACKS)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """Skip tests whose fixtures draw with a brush that is not there."""
    return (yield from _skipping_without_brush())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip tests that draw with a brush that is not there."""
    return (yield from _skipping_without_brush())
