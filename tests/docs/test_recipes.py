"""Recipes for clusters: shells and schemas take them, as far as these are installed, and paintgym their commands."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tyro
from helpers.documentation import DOCS
from paintgym.processes import PATIENCE
from paintgym.scripts.main import COMMANDS, find_command

RECIPES = DOCS / "recipes"
SCRIPTS = sorted(path for path in RECIPES.iterdir() if path.suffix in (".sh", ".sbatch"))
MANIFESTS = sorted(RECIPES.glob("*.yaml"))
PAGE = (DOCS / "many_machines.md").read_text()


def documents(path: Path) -> list[Any]:
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all(path.read_text()))


def commands_of(text: str) -> list[list[str]]:
    """Commands of paintgym, as words, in a shell's text."""
    lines = text.replace("\\\n", " ").splitlines()
    found = (
        re.search(rf"\bpaintgym ({'|'.join(COMMANDS)})\b.*?(?= \|\||$)", line)
        for line in lines
        if not line.startswith("#")
    )
    return [[word for word in shlex.split(one[0])[1:] if word != "$@"] for one in found if one]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_shell_takes_a_script(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)
    options = [line.split()[1] for line in path.read_text().splitlines() if line.startswith("#SBATCH")]
    assert all(re.fullmatch(r"--[a-z-]+(=\S+)?", option) for option in options)
    assert bool(options) == (path.suffix == ".sbatch")


@pytest.mark.parametrize("path", [*SCRIPTS, *MANIFESTS], ids=lambda path: path.name)
def test_paintgym_takes_the_commands_of_a_recipe(path: Path) -> None:
    text = path.read_text()
    if "args:" in text:  # a list of words
        (container,) = documents(path)[1]["spec"]["template"]["spec"]["containers"]
        words = container["args"][container["args"].index("paintgym") :]
        text = shlex.join(words)
    found = commands_of(text)
    assert found
    for words in found:
        arguments = find_command(words[0]).Arguments
        tyro.cli(arguments, args=words[1:])


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_a_manifest_fits_its_schema(path: Path) -> None:
    for document in documents(path):
        if "apiVersion" not in document:
            sky = pytest.importorskip("sky")
            task = sky.Task.from_yaml(str(path))
            assert all(resources.use_spot for resources in task.resources)
            assert task.num_nodes > 1
            continue
        kubernetes = pytest.importorskip("kubernetes_validate")
        if document["kind"] == "RayJob":  # of KubeRay, whose pods are Kubernetes' own
            cluster = document["spec"]["rayClusterSpec"]
            groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
            pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {}, **group["template"]} for group in groups]
        else:
            pods = [document]
        for pod in pods:
            kubernetes.validate(pod, "1.30", strict=True)


@pytest.mark.parametrize(("code", "ended"), [(0, 0), (1, 0), (2, 1)])
def test_kuberays_entrypoint_ends_well_where_only_pictures_were_bad(code: int, ended: int, tmp_path: Path) -> None:
    (job,) = documents(RECIPES / "kuberay_paint.yaml")
    assert job["spec"]["submissionMode"] == "HTTPMode"  # A submitter's shell would read it first.
    paintgym = tmp_path / "paintgym"
    paintgym.write_text(f"#!/bin/sh\nexit {code}\n")
    paintgym.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert subprocess.run(["sh", "-c", job["spec"]["entrypoint"]], env={"PATH": path}).returncode == ended


def test_each_recipe_is_on_the_page_and_the_page_is_true() -> None:
    shown = re.findall(r"recipes/([\w.]+)", PAGE)
    assert {path.name for path in (*SCRIPTS, *MANIFESTS)} == set(shown) == {path.name for path in RECIPES.iterdir()}
    assert f"{PATIENCE:g} seconds" in PAGE
