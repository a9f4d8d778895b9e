"""Colors, paper, brush sizes, crop and turn: a painting is made as it was asked for, and tells what that was."""

import io

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, client, finish, form_with, picture
from paintgym.webapp.options.framing import Framing, read_framing
from paintgym.webapp.options.style import read_style
from paintgym.webapp.uploads import read_upload
from PIL import Image

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


def png(pixels: np.ndarray, mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), mode).save(content, "PNG")
    return content.getvalue()


def quarters() -> np.ndarray:
    """Red, green, blue and black, from the upper left corner as one reads."""
    pixels = np.zeros((100, 200, 3))
    pixels[:50, :100, 0] = pixels[:50, 100:, 1] = pixels[50:, :100, 2] = 255
    return pixels


def paint(app: Flask, client: FlaskClient, content: bytes, **fields: object) -> tuple[dict, dict]:
    answer = client.post("/paintings", data=form_with(content, strokes=20, **fields), headers=JSON)
    assert answer.status_code == 202, answer.text
    finish(app, answer.get_json()["id"])
    return answer.get_json()["settings"], client.get(answer.get_json()["links"]["json"]).get_json()


@pytest.mark.parametrize("fields", [{"size": 64}, {"size": 512}, {"size": 64, "agent": "greedy"}])
def test_strokes_keep_the_palette_and_the_sizes_and_lie_on_the_paper(
    app: Flask, client: FlaskClient, fields: dict
) -> None:
    options = {"palette": "#ff0000,#00ff00", "paper": "#204060", "brush_sizes": "0.25,0.5"}
    settings, document = paint(app, client, picture(), **options, **fields)
    strokes = np.array(document["strokes"])
    assert {tuple(color) for color in strokes[:, 6:9]} <= {(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)}
    inked = strokes[(strokes[:, 0] > 0) | (strokes[:, 11] > 0)]
    assert ((inked[:, 1] >= 0.249) & (inked[:, 1] <= 0.501)).all()
    np.testing.assert_allclose(document["background"], np.array([32, 64, 96]) / 255, atol=1e-6)
    assert (settings["palette"], settings["paper"]) == (["#ff0000", "#00ff00"], "#204060")
    assert settings["brush_sizes"] == [0.25, 0.5]


def rounded(colors: list[str]) -> set[str]:
    """Colors to a level or two, which resampling costs."""
    return {color.replace("fe", "ff").replace("01", "00") for color in colors}


def test_colors_come_from_the_picture_or_from_another(app: Flask, client: FlaskClient) -> None:
    own, _ = paint(app, client, png(quarters()), size=64, palette=4)
    assert rounded(own["palette"]) == {"#ff0000", "#00ff00", "#0000ff", "#000000"}
    other = {"palette_picture": (io.BytesIO(png(255 - quarters())), "colors.png")}
    answer = client.post(
        "/paintings", data={**form_with(png(quarters()), size=64, strokes=1), **other}, headers=JSON
    ).get_json()
    assert rounded(answer["settings"]["palette"]) == {"#00ffff", "#ff00ff", "#ffff00", "#ffffff"}
    finish(app, answer["id"])


def test_the_paper_may_be_the_mean_of_the_picture_and_is_seen_through_what_is_transparent(
    app: Flask, client: FlaskClient
) -> None:
    flat = np.full((80, 80, 3), (10, 200, 30))
    settings, _ = paint(app, client, png(flat), size=64, paper="mean")
    assert settings["paper"] == "#0ac81e"
    clear = np.concatenate([flat, np.zeros((80, 80, 1))], 2)
    upload = read_upload(png(clear, "RGBA"), 10**6, paper=(1.0, 0.0, 0.0))
    assert upload.picture.reshape(-1, 3).tolist() == [[255, 0, 0]] * 64 * 64


@pytest.mark.parametrize(
    ("rotate", "crop", "color"),
    [
        (0, "0,0,0.5,0.5", (255, 0, 0)),
        (0, "0.5,0.5,0.5,0.5", (0, 0, 0)),
        (90, "0,0,0.5,0.5", (0, 0, 255)),
        (180, "0,0,0.5,0.5", (0, 0, 0)),
        (270, "0,0,0.5,0.5", (0, 255, 0)),
    ],
)
def test_a_picture_is_turned_and_then_cropped(rotate: int, crop: str, color: tuple[int, int, int]) -> None:
    framing = read_framing({"rotate": rotate, "crop": crop})
    upload = read_upload(png(quarters()), 10**6, framing=framing)
    assert (upload.picture[8:-8, 8:-8] == color).all()
    whole = read_upload(png(quarters()), 10**6, 512, Framing(rotate))
    assert whole.picture.shape[:2] == ((256, 512) if rotate in (0, 180) else (512, 256))


def test_of_a_large_jpeg_enough_is_decoded_for_a_small_part() -> None:
    noise = picture("JPEG", (2000, 1600), quality=95)
    part = read_upload(noise, 10**7, 512, Framing(crop=(0.5, 0.5, 0.25, 0.25)))
    full = Image.open(io.BytesIO(noise)).crop((1000, 800, 1500, 1200)).resize((512, 410), Image.Resampling.BICUBIC)
    assert np.abs(part.picture.astype(float) - np.asarray(full)).mean() < 12


def test_settings_are_told_with_the_painting(app: Flask, client: FlaskClient) -> None:
    settings, _ = paint(app, client, picture(), size=64, crop="[0.1, 0, 0.5, 1]".strip("[]"), rotate=90)
    assert (settings["crop"], settings["rotate"], settings["continued"]) == ([0.1, 0, 0.5, 1], 90, None)
    assert read_style({"palette": "", "paper": "", "brush_sizes": ""}) == read_style({})
    assert read_style({"brush_sizes": [0.2, 0.4]}).sizes == (0.2, 0.4)
