"""What MkDocs does beside reading Markdown: pictures from the package, tables of figures, files and commands' help.

A page says where by a comment of its own: ``<!-- table: NAME -->``, ``<!-- file: PATH -->``, ``<!-- page: PATH -->`` or
``<!-- commands -->``.
"""

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from textwrap import indent

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))

from tables import insert_tables  # noqa: E402

_LANGUAGES = {".py": "python", ".json": "json", ".sh": "bash", ".sbatch": "bash", ".yaml": "yaml"}
_HELP_WIDTH = "82"  # as a page is wide


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the package's pictures and the page's icon, which are kept once, beside the code that shows them."""
    for path in (*sorted((ROOT / "scripts" / "pictures").iterdir()), ROOT / "webapp" / "static" / "icon.svg"):
        files.append(File.generated(config, f"pictures/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in what the comments ask for, and find pictures where ``on_files`` put them."""
    markdown = re.sub(r"^<!-- page: (\S+) -->$", lambda found: _page(found[1]), markdown, flags=re.MULTILINE)
    markdown = re.sub(
        r"^( *)<!-- file: (\S+) -->$", lambda found: indent(_file(found[2]), found[1]), markdown, flags=re.MULTILINE
    )
    if "<!-- commands -->" in markdown:
        markdown = markdown.replace("<!-- commands -->", _commands())
    filled: str = insert_tables(markdown)
    return filled.replace("](../scripts/pictures/", "](pictures/")


def _page(path: str) -> str:
    """A page of the repository, seen from docs/."""
    return (ROOT / path).read_text().replace("](docs/", "](")


def _file(path: str) -> str:
    language = _LANGUAGES[Path(path).suffix]
    return f'```{language} title="{path}"\n{(ROOT / path).read_text()}```'


def _commands() -> str:
    """The help of every command, as it is printed."""
    from paintgym.scripts.main import COMMANDS

    os.environ["COLUMNS"] = _HELP_WIDTH
    sections = [f"```text\n{_help('--help')}\n```"]
    for name, description in COMMANDS.items():
        sections.append(f"## paintgym {name}\n\nTo {description}.\n\n```text\n{_help(name, '--help')}\n```")
    return "\n\n".join(sections)


def _help(*words: str) -> str:
    from paintgym.scripts.main import main

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main(list(words))
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())
