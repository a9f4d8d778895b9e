"""The page's languages: none lacks a text, each is chosen by browser or hand, and nothing else comes in."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import paintgym
import pytest
from flask.testing import FlaskClient
from helpers.web_service import BROWSER, JSON, app, client
from paintgym.webapp import errors
from paintgym.webapp.page.languages import languages

__all__ = ["app", "client"]
WEBAPP = Path(paintgym.__file__).parent / "webapp"
ENGLISH = languages()["en"]
REFUSALS = {kind.__name__ for kind in (errors.RequestError, *errors.RequestError.__subclasses__())}
MADE_UP = ("sample.", "theme.", "state.", "agent.", "preset.", "save.", "crop.")
"""Beginnings of keys that templates and scripts put together from what is chosen."""


def sources() -> str:
    return "\n".join(
        path.read_text("utf-8") for form in ("templates/*.html", "static/*.js") for path in WEBAPP.glob(form)
    )


def service_sources() -> str:
    return "\n".join(path.read_text("utf-8") for path in WEBAPP.rglob("*.py"))


def test_there_are_six_and_english_is_the_first() -> None:
    assert list(languages()) == ["en", "de", "es", "fr", "ja", "zh"]


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_no_language_lacks_a_key_or_a_value_to_fill_in(code: str) -> None:
    texts = languages()[code]
    assert list(texts) == list(ENGLISH)
    for key, text in texts.items():
        assert text.strip()
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", ENGLISH[key])), key
    same = {key for key, text in texts.items() if text == ENGLISH[key] and len(text.split()) > 2 and "{" not in text}
    assert not same  # nothing was left in English


def test_every_text_that_is_asked_for_is_there_and_none_is_left_over() -> None:
    text = sources()
    asked = set(re.findall(r'\bt\("([^"{]+)"(?! ~)', text))
    assert len(asked) > 100
    assert asked - set(ENGLISH) == set()
    text += "\n".join(f'"error.{code}"' for code in {*re.findall(r'"(\w+)"', service_sources())})
    left_over = {key for key in ENGLISH if f'"{key}"' not in text and not key.startswith(MADE_UP)}
    assert left_over == {"number.written"}  # which the service itself reads


def test_every_sentence_of_the_service_has_a_text_and_the_values_that_it_tells() -> None:
    told = 0
    for call in ast.walk(ast.parse(service_sources())):
        name = getattr(getattr(call, "func", None), "id", "")
        if name != "Sentence" and name not in REFUSALS:
            continue
        code, *_ = call.args
        if not isinstance(code, ast.Constant):
            continue  # one that was chosen above
        values: set[Any] = {keyword.arg for keyword in call.keywords} - {"retry_after"}
        if name == "Sentence":
            values = {key.value for argument in call.args[1:2] for key in argument.keys}
        text = ENGLISH[f"error.{code.value}"]
        assert set(re.findall(r"{(\w+)}", text)) == values, code.value
        told += 1
    assert told > 70


def test_a_refusal_has_a_code_for_programs_and_is_told_in_the_readers_language(client: FlaskClient) -> None:
    form = {"sample": "fish", "strokes": "0"}
    german = {"Accept-Language": "de"}
    answer = client.post("/paintings", data=form, headers=JSON | german).get_json()
    assert answer["reason"]["code"] == "field_whole"
    assert answer["reason"]["values"] == {"field": "strokes", "value": "'0'", "low": 1, "high": 5000}
    assert answer["error"] == "The field strokes is '0', expected a whole number from 1 to 5,000."
    page = client.post("/paintings", data=form, headers=BROWSER | german).text
    assert "erwartet wird eine ganze Zahl von 1 bis 5.000." in page
    limited = client.post("/paintings", json={"sample": "fish", "strokes": 999999}, headers=JSON).get_json()
    assert limited["reason"]["limits"] == ["PAINTGYM_MAXIMUM_LARGE_STROKES"]
    assert client.get("/nothing", headers=JSON).get_json()["reason"]["code"] == "nothing_here"


@pytest.mark.parametrize(
    ("wished", "code"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr", "fr"),
        ("zh-CN", "zh"),
        ("pt, es;q=0.5", "es"),
        ("tlh", "en"),
        ("", "en"),
    ],
)
def test_the_browser_chooses_the_language(client: FlaskClient, wished: str, code: str) -> None:
    page = client.get("/", headers=BROWSER | {"Accept-Language": wished}).text
    assert f'<html lang="{code}"' in page
    assert languages()[code]["page.tagline"] in page.replace("&#39;", "'")


def test_a_language_and_a_theme_by_hand_come_from_cookies_and_nothing_else_does(client: FlaskClient) -> None:
    client.set_cookie("language", "ja")
    client.set_cookie("theme", "dark")
    page = client.get("/", headers=BROWSER).text
    assert '<html lang="ja" data-theme="dark">' in page
    for wrong in ('"><script>alert(1)</script>', "../en", "EN", "de\x00"):
        client.set_cookie("language", wrong)
        client.set_cookie("theme", wrong)
        answer = client.get("/", headers=BROWSER)
        assert answer.status_code == 200
        assert '<html lang="en">' in answer.text
        assert "alert(1)" not in answer.text


def test_texts_cannot_break_out_of_the_page(client: FlaskClient) -> None:
    page = client.get("/", headers=BROWSER | {"Accept-Language": "fr"}).text
    (words,) = re.findall(r'data-words="([^"]*)"', page)
    assert "<" not in words
    assert json.loads(words.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")) == languages()["fr"]
