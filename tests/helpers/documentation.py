"""The README and the manual's pages, and the blocks of code in them."""

import re
from dataclasses import dataclass
from pathlib import Path

import paintgym

ROOT = Path(paintgym.__file__).parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]*) -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        language: as the fence says; empty where it says none.
        text: what it holds.
        reason: why it is not run; empty where it is.
    """

    language: str
    text: str
    reason: str


def blocks(page: Path, language: str) -> list[Block]:
    return [block for block in all_blocks(page) if block.language == language]


def all_blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text())
    return [Block(block["language"], block["text"], block["reason"] or "") for block in found]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))
