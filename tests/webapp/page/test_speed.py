"""The page is light, stands still while it loads, and is soon usable, on a processor that is slowed down too."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.page_speed import measure
from helpers.web_page import NARROW, WIDE, browser, marks, open_page, serve
from helpers.web_service import save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings

__all__ = ["browser"]
pytestmark = marks
MOST_BYTES = 300_000
MOST_SHIFT = 0.01
"""Lighthouse calls less than 0.1 good; what the page does by itself should not move anything at all."""
MOST_SECONDS = 1.5
TRIES = 5
"""The machine may be busy with something else for a moment."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy)))) as address:
        yield address


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_page_is_light_still_and_soon_usable(browser: Any, address: str, viewport: dict[str, int]) -> None:
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))  # before this adds to it
    speeds = []
    for _ in range(TRIES):
        speeds.append(measure(browser, address, viewport=viewport))
        if speeds[-1].usable_seconds <= MOST_SECONDS:
            break
    assert speeds[0].bytes_before_pictures < MOST_BYTES
    assert max(speed.layout_shift for speed in speeds) < MOST_SHIFT
    soonest = min(speed.usable_seconds for speed in speeds)
    if soonest > MOST_SECONDS and load > cores:
        pytest.skip(f"usable after {soonest:.2f} s, on a machine with a load of {load:.1f} on {cores} cores")
    assert soonest <= MOST_SECONDS


def test_the_words_below_the_choices_of_looks_wait_for_none_of_them(browser: Any, address: str) -> None:
    top = "document.querySelector('.masthead p').getBoundingClientRect().top"
    with open_page(browser, address, viewport=NARROW) as page:
        before = page.evaluate(top)
        page.evaluate("document.querySelector('.looks').replaceChildren()")  # as while the page still comes in
        assert page.evaluate(top) == before
