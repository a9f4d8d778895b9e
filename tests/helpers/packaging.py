"""What is packed: the lists of pyproject.toml against the folders, and wheels built from them."""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

NOT_PACKED = ("tests/*", "docs/*", "*.md", "scripts/*.sh")
"""Files that are the repository's and not the package's, beside those that lie in the root."""
PACKED_OF_ROOT = "py.typed"


def repository_files(root: Path) -> list[str]:
    """Files of a checkout as git sees them, those not yet added included; skips the test where there is no checkout."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs a git checkout ({error})")
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def is_packed(name: str) -> bool:
    """Whether a file of the repository belongs into the wheel."""
    if name.endswith(".py"):
        return not name.startswith(("tests/", "docs/"))
    if "/" not in name:
        return name == PACKED_OF_ROOT
    return not name.startswith(".") and not any(fnmatchcase(name, pattern) for pattern in NOT_PACKED)


def find_packing_mistakes(project: dict[str, Any], names: Sequence[str]) -> list[str]:
    """What pyproject.toml's package list and package data lack or have too much of, as lines to read.

    Args:
        project: of pyproject.toml, as a dictionary.
        names: all files of the repository, relative to its root.
    """
    setuptools = project["tool"]["setuptools"]
    listed: list[str] = setuptools["packages"]
    packed = [name for name in names if is_packed(name)]
    folders = {package_of(name) for name in packed if name.endswith(".py")}
    mistakes = [f"{package} is a folder and not in the list of packages" for package in folders - set(listed)]
    mistakes += [f"{package} is in the list of packages and no folder" for package in set(listed) - folders]
    mistakes += [f"{package} is listed twice" for package in {name for name in listed if listed.count(name) > 1}]
    mistakes += [
        f"{folder} has no __init__.py" for folder in folders if f"{folder_of(folder)}__init__.py" not in packed
    ]
    data = {name for name in packed if not name.endswith(".py")}
    reached: set[str] = set()
    for package, patterns in setuptools["package-data"].items():
        if package not in listed:
            mistakes.append(f"{package} has package data and is not in the list of packages")
        for pattern in patterns:
            found = {name for name in names if PurePosixPath("/", name).match(f"/{folder_of(package)}{pattern}")}
            if not found:
                mistakes.append(f"{package}: nothing is called {pattern}")
            reached |= found
    mistakes += [f"{name} is in no package's data" for name in data - reached]
    mistakes += [f"{name} is in a package's data and is not to be packed" for name in reached - data]
    return sorted(mistakes)


def package_of(name: str) -> str:
    """The package that a file lies in."""
    return ".".join(["paintgym", *PurePosixPath(name).parts[:-1]])


def folder_of(package: str) -> str:
    """The folder of a package, relative to the root, with a slash at its end; empty for the root."""
    return "".join(f"{part}/" for part in package.split(".")[1:])


def read_project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def copy_repository(root: Path, names: Sequence[str], copy: Path) -> Path:
    """The repository's files elsewhere: a build leaves folders behind."""
    for name in names:
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((root / name).read_bytes())
    return copy


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a copy of the repository, by the setuptools that is installed."""
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), "."]
    built = subprocess.run([sys.executable, *command], cwd=source, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("paintgym-*.whl")
    return wheel
