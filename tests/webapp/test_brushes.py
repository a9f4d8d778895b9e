"""The page's brushes: a picture of each, and paintings that are made with the one that was chosen."""

import io
import re

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, client, finish, form_with, picture, request_painting, service_of
from paintgym.painters.names import DEFAULT_BRUSH
from PIL import Image

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_brush_that_is_offered_has_a_picture_of_its_own(app: Flask, client: FlaskClient) -> None:
    brushes = service_of(app).offer.brushes
    assert brushes[0] == DEFAULT_BRUSH
    assert len(brushes) >= 13
    page = client.get("/").text
    assert re.findall(r'name="brush" value="([^"]+)"', page) == brushes
    seen = set()
    for brush in brushes:
        answer = client.get(f"/brushes/{brush}.png")
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        ink = np.asarray(Image.open(io.BytesIO(answer.data)))
        assert ink.shape == (64, 64)
        assert (ink < 200).sum() > 20
        seen.add(answer.data)
    assert len(seen) == len(brushes)


@pytest.mark.parametrize("path", ["ramon/Pen", "../../classic/charcoal", "classic", "%2e%2e/x", "classic/charcoal/"])
def test_pictures_of_other_brushes_are_not_there(client: FlaskClient, path: str) -> None:
    assert client.get(f"/brushes/{path}.png").status_code == 404


@pytest.mark.parametrize("agent", ["policy", "greedy"])
def test_a_painting_is_made_with_the_brush_that_was_chosen(app: Flask, client: FlaskClient, agent: str) -> None:
    inks = []
    for brush in (DEFAULT_BRUSH, "deevad/chalk"):
        painting = request_painting(client, brush=brush, agent=agent, strokes="6")
        finish(app, painting["id"])
        assert client.get(painting["links"]["self"]).get_json()["brush"] == brush
        document = client.get(painting["links"]["json"]).get_json()
        assert document["brushes"] == [brush]
        inks.append(client.get(painting["links"]["png"]).data)
    assert inks[0] != inks[1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"brush": "ramon/Pen"}, "There is no brush"),
        ({"brush": "../../secret"}, "There is no brush"),
        ({"brush": "deevad/chalk", "painter": "vae"}, "The painter vae learned no brush but classic/dry_brush"),
    ],
)
def test_a_brush_that_cannot_be_had_is_one_sentence(client: FlaskClient, fields: dict[str, str], message: str) -> None:
    answer = client.post("/paintings", data=form_with(picture(), **fields), headers=JSON)
    assert answer.status_code == 400
    assert message in answer.get_json()["error"]
