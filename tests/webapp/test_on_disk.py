"""Paintings on disk: after the process, where it is full, where files are damaged, and when they are thrown away."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from helpers.web_service import (
    JSON,
    UNKNOWN,
    check_refusal,
    finish,
    request_painting,
    save_untrained_policy,
    service_of,
)
from paintgym.webapp.application import create_app
from paintgym.webapp.jobs import results
from paintgym.webapp.routes import sharing
from paintgym.webapp.settings import Settings
from paintgym.webapp.store.disk import DiskStore
from paintgym.webapp.store.store import StoreError

pytestmark = pytest.mark.usefixtures("one_thread")


def start(folder: Path) -> Flask:
    return create_app(Settings(policy=str(folder / "policy.safetensors"), store=str(folder / "store")))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    save_untrained_policy(tmp_path)
    app = start(tmp_path)
    yield app
    assert service_of(app).close(30)


def test_finished_and_shared_paintings_outlast_the_process_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_untrained_policy(tmp_path)
    app = start(tmp_path)
    client = app.test_client()
    fields = {"size": "64", "palette": "3", "paper": "#204060", "brush_sizes": "0.1,0.9"}
    painting = request_painting(client, **fields)
    finish(app, painting["id"])
    shared = client.post(painting["links"]["share"], json={"title": "kept"}, headers=JSON).get_json()
    before = client.get(painting["links"]["self"]).get_json()
    files = {form: client.get(before["links"][form]).data for form in ("png", "json", "picture")}
    assert service_of(app).close(30)
    monkeypatch.setattr("paintgym.webapp.jobs.service.PROCESS", "another!")
    again = start(tmp_path)
    client = again.test_client()
    try:
        after = client.get(painting["links"]["self"]).get_json()
        assert {**after, "seconds": 0, "loss": 0} == {**before, "seconds": 0, "loss": 0}
        assert {form: client.get(after["links"][form]).data for form in files} == files
        assert client.get(shared["url"], headers=JSON).get_json() == shared
        assert client.post(painting["links"]["share"], headers=JSON).get_json() == shared  # one page, and no second
        assert client.get(f"{shared['url']}.png").data == files["png"]
        more = client.post("/paintings", json={"continue": painting["id"], "strokes": 5}, headers=JSON)
        assert more.status_code == 202
        finish(again, more.get_json()["id"])
        assert more.get_json()["settings"]["paper"] == "#204060"
        lost = client.get(f"/paintings/{UNKNOWN}", headers=JSON)
        check_refusal(lost, {404})
        assert "started anew" in lost.text
        client.delete(painting["links"]["self"])
        check_refusal(client.get(painting["links"]["self"], headers=JSON), {404})
    finally:
        assert service_of(again).close(30)


def fill(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_costs_what_is_kept_and_nothing_else(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.webapp.jobs.service._WATCH_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(results, "pack", fill)
    monkeypatch.setattr(sharing, "pack", fill)
    client = app.test_client()
    painting = request_painting(client, strokes="2")
    finish(app, painting["id"])
    service_of(app)._keep_results()
    assert service_of(app).find(painting["id"]).kept  # it was tried
    check_refusal(client.post(painting["links"]["share"], headers=JSON), {503})
    assert client.get(painting["links"]["png"]).status_code == 200
    monkeypatch.setattr(DiskStore, "drop", lambda *_: (_ for _ in ()).throw(StoreError("read-only")))
    check_refusal(client.delete(painting["links"]["self"]), {503})
    assert service_of(app).healthy


def test_whatever_happens_the_paintings_are_looked_after(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, service = threading.Semaphore(0), service_of(app)

    def fail(**_: object) -> None:
        looked.release()
        raise RuntimeError

    monkeypatch.setattr("paintgym.webapp.jobs.service._WATCH_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(service, "_look_after", fail)
    assert all(looked.acquire(timeout=20) for _ in range(3))
    assert service.healthy


@pytest.mark.parametrize("name", ["canvas.png", "picture.png"])
def test_a_damaged_canvas_is_as_good_as_none(app: Flask, tmp_path: Path, name: str) -> None:
    service, client = service_of(app), app.test_client()
    painting = request_painting(client, strokes="2")
    finish(app, painting["id"])
    shared = client.post(painting["links"]["share"], headers=JSON).get_json()
    service._keep_results()
    service._jobs.clear()
    for path in (tmp_path / "store").glob(f"*/{name}"):
        path.write_bytes(path.read_bytes()[:-40])
    check_refusal(client.get(painting["links"]["self"], headers=JSON), {404})
    if name == "canvas.png":
        check_refusal(client.get(f"{shared['url']}.png", headers=JSON), {404})
        slug = shared["url"].rsplit("/", 1)[1]
        (tmp_path / "store" / slug / "strokes.json").write_text('{"format": "paintgym painting", "version": 2}')
        check_refusal(client.get(f"{shared['url']}.svg", headers=JSON), {404})
        (tmp_path / "store" / slug / name).unlink()
        check_refusal(client.get(f"{shared['url']}.png", headers=JSON), {404})


def test_what_is_thrown_away_while_it_is_put_into_the_store_does_not_come_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, client, pack = service_of(app), app.test_client(), results.pack
    painting = request_painting(client, strokes="2")

    def discard_meanwhile(*arguments: object) -> object:
        assert client.delete(painting["links"]["self"]).status_code == 204
        return pack(*arguments)

    monkeypatch.setattr(results, "pack", discard_meanwhile)
    finish(app, painting["id"])
    service._keep_results()
    for _ in range(200):
        if painting["id"] not in service._jobs:
            break
        threading.Event().wait(0.05)
    service.close(30)  # whoever was putting it in is done
    assert service.store.find(painting["id"]) is None
