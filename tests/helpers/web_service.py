"""The web service as the tests need it: with an untrained policy, small limits, and pictures to send."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flask import Flask
from flask.testing import FlaskClient
from paintgym.agents.policy.sb3_policy import build_policy, save_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.jobs.service import PaintingService
from paintgym.webapp.settings import Settings
from PIL import Image

JSON = {"Accept": "application/json"}
UNKNOWN = "0" * 32
"""An id that no painting has."""
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def save_untrained_policy(folder: Path) -> Path:
    torch.manual_seed(0)
    path = folder / "policy.safetensors"
    save_policy(build_policy(strokes_per_step=1).policy, path, {}, {})
    return path


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    settings = Settings(policy=str(policy), upload_megabytes=1, maximum_pixels=1_000_000, maximum_strokes=300)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    application = create_app(settings)
    yield application
    assert service_of(application).close(30)
    torch.set_num_threads(threads)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def service_of(app: Flask) -> PaintingService:
    return app.extensions["painting_service"]


def picture(form: str = "PNG", size: tuple[int, int] = (80, 60), mode: str = "RGB", **options: Any) -> bytes:
    """A picture of noise, in a file's form."""
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(content, form, **options)
    return content.getvalue()


def form_with(content: bytes, name: str = "photo.png", **fields: Any) -> dict[str, Any]:
    return {"picture": (io.BytesIO(content), name), **{key: str(value) for key, value in fields.items()}}


def request_painting(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    """PaintingRequest a painting of a sample; returns its description."""
    answer = client.post("/paintings", data={"sample": "hills", "size": "64", "strokes": "8", **fields}, headers=JSON)
    assert answer.status_code == 202, answer.text
    return answer.get_json()


def finish(app: Flask, identity: str) -> None:
    assert service_of(app).find(identity).wait(60)


def events(text: str) -> list[tuple[int, str, dict]]:
    found = re.findall(r"^id: (\d+)\nevent: (\w+)\ndata: (.*)$", text, re.MULTILINE)
    return [(int(number), kind, json.loads(data)) for number, kind, data in found]


def check_refusal(answer: Any, statuses: set[int]) -> None:
    """Refused with one plain sentence."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:200])
    sentence = answer.get_json()["error"]
    assert 10 < len(sentence) < 400
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not any(word in sentence for word in ("Traceback", "Error", "/site-packages", ".py"))
