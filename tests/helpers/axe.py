"""axe-core, which finds what is not accessible on a page: fetched from npm once, into a cache elsewhere."""

import os
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_VERSION = "4.10.3"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "paintgym-tests"
_RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(found =>
    `${found.id}: ${found.nodes.map(node => node.target.join(" ")).join(", ")}: ${found.nodes[0].failureSummary}`)"""


@cache
def _script() -> str:
    package = _CACHE / f"axe-core-{_VERSION}.tgz"
    if not package.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm, which fetches axe-core, is not installed")
        _CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", "--silent", f"axe-core@{_VERSION}", "--pack-destination", str(_CACHE)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"axe-core cannot be fetched by npm ({error})")
    with tarfile.open(package) as archive:
        file = archive.extractfile("package/axe.min.js")
        assert file is not None
        return file.read().decode("utf-8")


def violations(page: Any) -> list[str]:
    """What axe-core finds on a page as it is now, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    found: list[str] = page.evaluate(_RUN)
    return found
