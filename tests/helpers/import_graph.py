"""Who imports whom in a package: read from the sources, imports inside functions and for types too."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Graph = dict[str, set[str]]
"""Each module's dotted name, without the package's, and the modules of the package that it imports."""


@dataclass(frozen=True)
class Package:
    """A package in a folder of another name: that of the repository's root, or one made up for a test."""

    name: str
    root: Path
    left_out: tuple[str, ...] = ()
    """Folders of the root that are no part of the package."""

    def modules(self) -> dict[str, Path]:
        """The file of every module; the package itself is called ``""`` and a folder by its ``__init__.py``."""
        found = {}
        for path in sorted(self.root.rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            if parts[0] in self.left_out or any(part.startswith(".") for part in parts):
                continue
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        return found

    def graph(self) -> Graph:
        """What every module imports, itself left out."""
        modules = self.modules()
        return {name: set(self._imports(name, path, modules)) - {name} for name, path in modules.items()}

    def _imports(self, name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
        folder = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        folder = [part for part in folder if part]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._known(alias.name.split("."), modules)
            elif isinstance(node, ast.ImportFrom):
                module = node.module.split(".") if node.module else []
                above = [self.name, *folder[: len(folder) - node.level + 1]] if node.level else []
                for alias in node.names:
                    # "from .room import thing": thing is a module of the room, or a name in the room's own file.
                    yield from self._known([*above, *module, alias.name], modules)

    def _known(self, parts: Sequence[str], modules: Mapping[str, Path]) -> Iterator[str]:
        if parts[0] != self.name:
            return
        wanted, within = ".".join(parts[1:]), ".".join(parts[1:-1])
        if wanted in modules:
            yield wanted
        elif within in modules:
            yield within


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that all reach each other, sorted; by Tarjan's algorithm."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[-len(group) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return sorted(found)


def floor_of(name: str, tower: Sequence[Sequence[str]]) -> int | None:
    """The floor of a module: that of the longest of the tower's names that it is, or is inside of."""
    floors = {room: number for number, rooms in enumerate(tower) for room in rooms}
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in floors:
            return floors[".".join(parts[:end])]
    return None


def upward_arrows(graph: Mapping[str, set[str]], tower: Sequence[Sequence[str]]) -> list[str]:
    """Imports that go up the tower, or across one of its floors, and modules that stand on none; as lines to read.

    Args:
        graph: who imports whom.
        tower: floors from the ground up, each the rooms (folders or modules) side by side on it, which know nothing of
            each other.
    """
    rooms = [room for floor in tower for room in floor]

    def room_of(name: str) -> str:
        return max((room for room in rooms if name == room or name.startswith(f"{room}.")), key=len)

    lines = [f"{name or 'the package'} stands on no floor" for name in graph if floor_of(name, tower) is None]
    for name, others in graph.items():
        for other in sorted(others):
            mine, theirs = floor_of(name, tower), floor_of(other, tower)
            if mine is None or theirs is None:
                continue
            if theirs > mine:
                lines.append(f"{name} imports {other}, which stands above it")
            elif theirs == mine and room_of(name) != room_of(other):
                lines.append(f"{name} imports {other}, which stands beside it")
    return sorted(lines)


def modules_by_folder(modules: Mapping[str, Path], root: Path) -> dict[str, list[str]]:
    """The names of each folder's files, without ``.py`` and without those that only make it a package."""
    folders: dict[str, list[str]] = {}
    for path in modules.values():
        if path.name != "__init__.py":
            folders.setdefault(path.parent.relative_to(root).as_posix(), []).append(path.stem)
    return folders


def shared_prefixes(names: Sequence[str], count: int = 3) -> list[str]:
    """First words that so many names of a folder share: a folder that is missing."""
    words = [name.split("_")[0] for name in names if not name.startswith("_")]
    return sorted({word for word in words if words.count(word) >= count})
