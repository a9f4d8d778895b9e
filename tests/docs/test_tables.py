"""Tables of figures: the README's is what the JSON says, and each names its command. Hosting's settings are true."""

import dataclasses
import importlib.util
import json
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from helpers.documentation import DOCS, PAGES, ROOT
from paintgym.agents.baselines.protocol import references
from paintgym.agents.baselines.run import RESULT
from paintgym.agents.baselines.scoreboard import read_runs, summarize_runs
from paintgym.agents.baselines.tracks import LAPTOP
from paintgym.runs import read_json
from paintgym.scripts.main import COMMANDS
from paintgym.webapp.settings import Settings


def load(name: str) -> ModuleType:
    """A script of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES, FIGURES = load("tables"), load("figures")
TEXTS = {page: page.read_text() for page in PAGES}


def test_the_readmes_tables_are_what_the_figures_say() -> None:
    text = TEXTS[ROOT / "README.md"]
    assert re.findall(r"<!-- table: (\w+) -->", text) == ["ladder_in_short", "agents"]
    assert TABLES.renew_tables(text) == text
    for name in ("ladder_in_short", "agents"):
        assert f"-->\n{TABLES.write_table(name)}\n<!-- end of table -->" in text


def test_the_ladder_is_summed_up_from_the_runs_that_are_kept() -> None:
    kept = json.loads((FIGURES.FOLDER / "ladder.json").read_text())
    assert kept.pop("command") == FIGURES.COMMANDS["ladder"]
    assert summarize_runs(read_runs(FIGURES.FOLDER / "ladder"), references()) == kept


def test_every_run_of_the_laptops_track_is_kept_and_had_its_settings() -> None:
    plans = [plan for entry in LAPTOP for plan in entry.plans()]
    kept = {plan: read_json(plan.folder(FIGURES.FOLDER / "ladder") / RESULT) for plan in plans}
    assert len(kept) == 86
    wrong = [
        plan.folder(Path())
        for plan, run in kept.items()
        if run.get("settings") != json.loads(json.dumps(plan.settings()))
    ]
    assert wrong == []


def test_a_figure_that_is_typed_is_written_over() -> None:
    typed = "<!-- table: fidelity -->\n| gan | 99 dB |\n<!-- end of table -->\n"
    renewed = TABLES.renew_tables(typed)
    assert "99 dB" not in renewed
    assert (
        f"{json.loads((DOCS / 'figures' / 'fidelity.json').read_text())['painters']['gan']['psnr']:.1f} dB" in renewed
    )


def test_tables_and_pages_name_each_other() -> None:
    asked = {name for text in TEXTS.values() for name in re.findall(r"<!-- table: (\w+) -->", text)}
    assert asked == set(TABLES.TABLES)


@pytest.mark.parametrize("name", TABLES.TABLES)
def test_a_table_is_whole_and_says_who_printed_it(name: str) -> None:
    text = TABLES.write_table(name)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 2
    assert len({row.count("|") for row in rows}) == 1
    assert "nan" not in text
    command = re.search(r"`(paintgym [\w-]+|python docs/\w+.py)", text)
    assert command
    assert _is_there(command[1])


def _is_there(command: str) -> bool:
    program, what = shlex.split(command)[:2]
    return what in COMMANDS if program == "paintgym" else (ROOT / what).is_file()


def test_each_file_of_figures_holds_what_its_command_printed() -> None:
    files = {path.stem: json.loads(path.read_text()) for path in (DOCS / "figures").glob("*.json")}
    assert {name: figures["command"] for name, figures in files.items()} == FIGURES.COMMANDS
    assert all(map(_is_there, FIGURES.COMMANDS.values()))


def test_the_readme_is_short() -> None:
    assert len(TEXTS[ROOT / "README.md"].splitlines()) <= 150


def test_settings_of_the_page_and_their_defaults_are_those_of_the_service() -> None:
    rows = re.findall(r"^\| `PAINTGYM_(\w+)` \| *([^|]*?) *\|", TEXTS[DOCS / "hosting.md"], re.MULTILINE)
    told = {name.lower(): default.strip("`") for name, default in rows}
    settings = {field.name: str(field.default) for field in dataclasses.fields(Settings)}
    assert list(told) == list(settings)
    # What is empty by default is told in words, or not at all.
    assert {name: told[name] for name in settings if settings[name]} == {
        name: default for name, default in settings.items() if default
    }
