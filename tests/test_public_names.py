"""The public face: every name is there and documented, type checkers see the same, torch waits until it is needed."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import paintgym
import pytest


@pytest.mark.parametrize("name", paintgym.__all__)
def test_every_public_name_is_found_and_documented(name: str) -> None:
    value = getattr(paintgym, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


def test_names_homes_and_what_type_checkers_see_agree() -> None:
    tree = ast.parse(Path(paintgym.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert seen == paintgym._HOMES
    assert sorted(seen) == paintgym.__all__
    assert set(paintgym.__all__) <= set(dir(paintgym))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_pianter'"):
        paintgym.load_pianter  # noqa: B018


def test_importing_the_package_registers_the_environment_and_leaves_torch_alone() -> None:
    lines = "import sys, paintgym, gymnasium; print('torch' in sys.modules, gymnasium.spec('paintgym/Painting-v0').id)"
    printed = subprocess.run([sys.executable, "-c", lines], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["False", "paintgym/Painting-v0"]
