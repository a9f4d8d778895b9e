"""The container: its steps are taken by hand in a clean environment, and by Docker where that is asked for."""

import json
import os
import re
import shlex
import shutil
import signal
import site
import subprocess
import sys
import time
import urllib.request
import venv
from fnmatch import fnmatch
from pathlib import Path

import paintgym
import pytest
from helpers.packaging import build_wheel, copy_repository, repository_files
from helpers.ports import free_port
from helpers.serving import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(paintgym.__file__).resolve().parent
LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def steps(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in LINES if line.startswith(f"{word} ")]


def is_copied(name: str, source: str) -> bool:
    return name.startswith(f"{source}/") or ("/" not in name and fnmatch(name, source))


def docker_works() -> bool:
    asked = bool(os.environ.get("PAINTGYM_TEST_DOCKER")) and shutil.which("docker") is not None
    return asked and subprocess.run(["docker", "info"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are after the image's steps: what COPY names is copied, and RUN's pip installs it.

    What it needs beside itself are the packages that are here, as pip would fetch them from elsewhere.
    """
    context, folder = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("image")
    sources = [source for line in steps("COPY") for source in line.split()[:-1]]
    names = [name for name in repository_files(ROOT) if any(is_copied(name, source) for source in sources)]
    copy_repository(ROOT, names, context)
    (run,) = steps("RUN")
    assert re.match(r'pip install --no-cache-dir --constraint constraints.txt "\.\[mp4\]"', run)
    venv.create(folder, with_pip=False, symlinks=True)
    wheel = build_wheel(context, tmp_path_factory.mktemp("wheel"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder / "bin/python"), "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (places,) = folder.glob("lib/python*/site-packages")
    (places / "shared.pth").write_text("\n".join(path for path in site.getsitepackages() if Path(path).is_dir()))
    return folder / "bin"


def test_the_steps_of_the_image_lead_to_a_page_that_its_own_check_finds_well(commands: Path, tmp_path: Path) -> None:
    port = str(free_port())
    path = f"{commands}:{os.environ['PATH']}"
    chosen = dict(pair.split("=", 1) for line in steps("ENV") for pair in shlex.split(line))
    environment = {"PATH": path, "HOME": str(tmp_path), "OMP_NUM_THREADS": "1", **chosen}
    entry = [word.replace("8080", port) for word in json.loads(steps("ENTRYPOINT")[0])]
    check = json.loads(re.sub(r"^.*?CMD ", "", steps("HEALTHCHECK")[0]))
    check = [word.replace("8080", port) for word in check]
    server = subprocess.Popen([*entry, "serve"], cwd=tmp_path, env=environment)
    try:
        until = time.monotonic() + PATIENCE
        while subprocess.run(check, env=environment, capture_output=True).returncode:
            assert server.poll() is None
            assert time.monotonic() < until
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": "any.name.example"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert b"<title>" in answer.read()
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_the_volume_that_the_manual_names_is_its_users(tmp_path: Path) -> None:
    (user,) = steps("USER")
    manual = (ROOT / "docs/hosting.md").read_text()
    volume, store = re.search(r"-v \w+:(\S+) -e PAINTGYM_STORE=([^`]+)`", manual).groups()
    assert volume == store
    (run,) = steps("RUN")
    made = shlex.split(run.split("&&")[-1])
    assert made == ["install", "--directory", "--owner", user, volume]
    made[-2:] = [str(os.getuid()), str(tmp_path / "store")]  # whoever tests may give folders to nobody else
    subprocess.run(made, check=True)
    assert (tmp_path / "store").is_dir()


@pytest.mark.skipif(not docker_works(), reason="fetches gigabytes: needs Docker, and PAINTGYM_TEST_DOCKER")
def test_docker_builds_the_image() -> None:
    subprocess.run(["docker", "build", "--tag", "paintgym-test", str(ROOT)], check=True, timeout=1800)
