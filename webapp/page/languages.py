"""The page's languages: one flat JSON each, key to text, and the one that a visitor reads."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from flask import Request

_FOLDER = Path(__file__).parents[1] / "languages"
DEFAULT = "en"
COOKIE = "language"
"""Set by the page where somebody picked a language by hand; else the browser's own wishes decide."""


@cache
def languages() -> dict[str, dict[str, str]]:
    """All languages by their codes, the default first; ``name`` of each is what it calls itself."""
    codes = sorted((path.stem for path in _FOLDER.glob("*.json")), key=lambda code: (code != DEFAULT, code))
    return {code: json.loads((_FOLDER / f"{code}.json").read_text("utf-8")) for code in codes}


def language_of(request: Request) -> str:
    """The code of the language to answer in."""
    known = languages()
    for chosen in (request.args.get(COOKIE), request.cookies.get(COOKIE)):
        if chosen in known:
            return str(chosen)
    return request.accept_languages.best_match(list(known), DEFAULT) or DEFAULT


def translator(language: str) -> Callable[..., str]:
    """Gives the text of a key in a language, with ``{names}`` filled in; fails where there is no such key."""
    texts = languages()[language]

    def translate(key: str, **values: object) -> str:
        return fill(texts[key], texts, **values)

    return translate


def fill(text: str, texts: Mapping[str, str], **values: object) -> str:
    """A text with its ``{names}`` filled in, numbers as the language of ``texts`` writes them."""
    separator, point = texts["number.written"][2], texts["number.written"][6]
    signs = str.maketrans({",": separator, ".": point})
    written = {name: f"{value:,}".translate(signs) for name, value in values.items() if type(value) in (int, float)}
    return text.format(**{**values, **written})
