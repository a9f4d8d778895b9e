"""The wheel holds the house: every package, weight, template, static file and schema, and what is installed paints."""

import copy
import json
import os
import re
import signal
import site
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import paintgym
import pytest
from helpers.packaging import (
    build_wheel,
    copy_repository,
    find_packing_mistakes,
    is_packed,
    read_project,
    repository_files,
)
from paintgym.agents.evaluation import digits
from paintgym.agents.evaluation.report import page
from paintgym.agents.outputs.painting_file import SCHEMA_FILE
from paintgym.agents.policy import names as policies
from paintgym.envs.losses import lite
from paintgym.painters import names as painters
from paintgym.webapp.options.choices import SAMPLES_FOLDER
from PIL import Image, ImageStat

ROOT = Path(paintgym.__file__).resolve().parent


@pytest.fixture(scope="module")
def names() -> list[str]:
    return repository_files(ROOT)


@pytest.fixture(scope="module")
def wheel(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return build_wheel(copy_repository(ROOT, names, folder / "source"), folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that holds the wheel, and of what it needs the packages that are here."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    (places,) = folder.glob("lib/python*/site-packages")
    # The checkout, which is installed here too, must not be found: its own name in these packages is passed over.
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder / "bin/python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    (places / "shared.pth").write_text("\n".join(path for path in site.getsitepackages() if Path(path).is_dir()))
    return folder / "bin"


def elsewhere() -> dict[str, str]:
    """This process's environment without what would lead to the checkout."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def test_the_lists_of_packages_and_data_are_those_of_the_folders(names: list[str]) -> None:
    assert find_packing_mistakes(read_project(ROOT), names) == []


def test_a_list_that_is_broken_is_found(names: list[str]) -> None:
    project = read_project(ROOT)
    broken = copy.deepcopy(project)
    tool = broken["tool"]["setuptools"]
    tool["packages"].remove("paintgym.envs.losses")
    tool["packages"] += ["paintgym.easels", "paintgym.envs"]
    tool["package-data"]["paintgym.webapp"].remove("static/samples/*")
    tool["package-data"]["paintgym.scripts"] = ["pictures/*.tiff", "setup.sh"]
    mistakes = find_packing_mistakes(broken, names)
    assert "paintgym.envs.losses is a folder and not in the list of packages" in mistakes
    assert "paintgym.envs.losses has package data and is not in the list of packages" in mistakes
    assert "paintgym.easels is in the list of packages and no folder" in mistakes
    assert "paintgym.envs is listed twice" in mistakes
    assert "webapp/static/samples/hills.jpg is in no package's data" in mistakes
    assert "paintgym.scripts: nothing is called pictures/*.tiff" in mistakes
    assert "scripts/pictures/still_life.jpg is in no package's data" in mistakes
    assert "scripts/setup.sh is in a package's data and is not to be packed" in mistakes


def test_new_folders_and_files_have_to_be_listed(names: list[str]) -> None:
    more = [*names, "agents/easel/reinforce.py", "painters/neural/weights/more/pen.safetensors", "tests/new.py"]
    assert find_packing_mistakes(read_project(ROOT), more) == [
        "painters/neural/weights/more/pen.safetensors is in no package's data",
        "paintgym.agents.easel has no __init__.py",
        "paintgym.agents.easel is a folder and not in the list of packages",
    ]


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path, names: list[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {f"paintgym/{name}" for name in names if is_packed(name)}


def test_the_wheel_holds_the_files_that_the_code_opens(wheel: Path) -> None:
    opened = [digits.WEIGHTS, lite.WEIGHTS, SCHEMA_FILE, page._TEMPLATE, ROOT / "webapp/templates/page.html"]
    opened += [painters.PAINTER_FILES.folder / f"{name}.safetensors" for name in painters.PAINTER_FILES.shipped()]
    opened += [policies.POLICY_FILES.folder / f"{name}.safetensors" for name in policies.POLICY_FILES.shipped()]
    opened += [ROOT / "scripts/pictures/still_life.jpg", SAMPLES_FOLDER / "hills.jpg"]
    linked = re.findall(r"'static', filename='([\w.]+)'", (ROOT / "webapp/templates/page.html").read_text())
    assert {"main.js", "page.css"} <= set(linked)
    opened += [ROOT / "webapp/static" / name for name in linked]
    with zipfile.ZipFile(wheel) as archive:
        for path in opened:
            inside = f"paintgym/{path.resolve().relative_to(ROOT).as_posix()}"
            assert archive.read(inside) == path.read_bytes(), inside


def test_the_container_is_built_from_every_folder_of_the_package(names: list[str]) -> None:
    folders = {name.split("/")[0] for name in names if is_packed(name) and "/" in name}
    copied = re.findall(r"^COPY (.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_through = (ROOT / ".dockerignore").read_text().split()
    assert folders <= {word for line in copied for word in line.split()}
    assert {f"!{folder}" for folder in folders} <= set(let_through)


@pytest.mark.slow
def test_the_installed_wheel_is_what_runs_and_knows_its_version(installed: Path, tmp_path: Path) -> None:
    lines = "import paintgym, torch; print(paintgym.__file__)"
    command = [str(installed / "python"), "-c", lines]
    printed = subprocess.run(command, cwd=tmp_path, env=elsewhere(), check=True, capture_output=True, text=True).stdout
    assert Path(printed.strip()).is_relative_to(installed.parent)
    version = [str(installed / "paintgym"), "--version"]
    printed = subprocess.run(version, cwd=tmp_path, env=elsewhere(), check=True, capture_output=True, text=True).stdout
    assert paintgym.__version__ in printed


@pytest.mark.slow
def test_the_installed_wheel_paints(installed: Path, tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((90, 70)).save(tmp_path / "photo.png")
    command = [str(installed / "paintgym"), "paint", "photo.png", "--strokes", "12"]
    outputs = [part for suffix in ("png", "json", "webp", "svg") for part in ("--out", f"painted.{suffix}")]
    subprocess.run([*command, *outputs], cwd=tmp_path, env=elsewhere(), check=True, capture_output=True)
    assert len(json.loads((tmp_path / "painted.json").read_text())["strokes"]) == 12
    with Image.open(tmp_path / "painted.png") as painted:
        top, bottom = (painted.convert("L").crop((0, y, 512, y + 128)) for y in (0, 384))
        assert ImageStat.Stat(top).mean[0] + 100 < ImageStat.Stat(bottom).mean[0]  # as on the photo
    assert (tmp_path / "painted.webp").read_bytes()[8:12] == b"WEBP"
    assert "<svg" in (tmp_path / "painted.svg").read_text()


@pytest.mark.slow
def test_the_installed_wheel_serves_its_page(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "paintgym"), "serve", "--port", "0"]
    server = subprocess.Popen(command, cwd=tmp_path, env=elsewhere(), stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = next(match[0] for line in server.stdout if (match := re.search(r"http://[\w.]+:\d+", line)))
        for path, held in (("/healthz", ""), ("/", "<title>"), ("/static/main.js", "import")):
            with urllib.request.urlopen(f"{address}{path}") as answer:
                assert answer.status == 200
                assert held in answer.read().decode()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


@pytest.mark.slow
def test_the_installed_wheel_trains_for_a_moment(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        Image.linear_gradient("L").rotate(90 * number).save(tmp_path / "pictures" / f"{number}.png")
    command = [str(installed / "paintgym"), "train-policy", "--target", "pictures", "--analytic-steps", "2"]
    small = ["--method", "analytic", "--width", "8", "--hidden", "16", "--strokes", "4", "--out", "trained"]
    subprocess.run([*command, *small], cwd=tmp_path, env=elsewhere(), check=True, capture_output=True)
    assert (tmp_path / "trained" / "policy.safetensors").is_file()
    assert json.loads((tmp_path / "trained" / "policy.json").read_text())["steps"] == {"analytic": 2}
