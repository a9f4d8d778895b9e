"""How heavy and how quick a page is, as a slow machine has it. Of a page that is served already:

python tests/helpers/page_speed.py http://127.0.0.1:8000
"""

import shutil
import sys
from dataclasses import dataclass
from typing import Any

_SLOWDOWN = 4
"""Of the processor: a telephone of some years ago."""
_PICTURES = ("Image", "Media")
_SHIFTS = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    }).observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve(sum), 500);
})"""


@dataclass(frozen=True)
class Speed:
    """What was measured.

    Attributes:
        bytes_before_pictures: document, style, scripts and all else, with headers, that came over the network.
        bytes_of_pictures: pictures and films.
        layout_shift: summed as Lighthouse does: parts of the screen times parts of the way.
        usable_seconds: from the request for the page until everything on it answers.
    """

    bytes_before_pictures: int
    bytes_of_pictures: int
    layout_shift: float
    usable_seconds: float


def measure(browser: Any, address: str, **options: Any) -> Speed:
    """Open a page that was never opened before, on a processor that is slowed down."""
    context = browser.new_context(**options)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWDOWN})
    kinds: dict[str, str] = {}
    sizes: dict[bool, int] = {True: 0, False: 0}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))

    def count(event: dict[str, Any]) -> None:
        sizes[kinds.get(event["requestId"]) in _PICTURES] += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", count)
    page.goto(address)
    page.wait_for_selector("html.ready")
    page.wait_for_load_state("networkidle")
    usable = page.evaluate("performance.getEntriesByName('ready')[0].startTime") / 1000
    shift = page.evaluate(_SHIFTS)
    context.close()
    return Speed(sizes[False], sizes[True], shift, usable)


if __name__ == "__main__":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width, height in ((1280, 860), (390, 844)):
            speed = measure(chromium, sys.argv[1], viewport={"width": width, "height": height})
            print(
                f"{width} x {height}: {speed.bytes_before_pictures / 1000:.0f} kB before pictures, "
                f"{speed.bytes_of_pictures / 1000:.0f} kB of pictures, layout shift {speed.layout_shift:.4f}, "
                f"usable after {speed.usable_seconds:.2f} s on a processor slowed down {_SLOWDOWN} times"
            )
        chromium.close()
