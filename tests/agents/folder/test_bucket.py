"""Pictures in a bucket: painted as from a disk, gone on with, told of; and each way in which a store fails, a line."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.buckets import NEEDS_S3, put_folder, serving_s3
from helpers.picture_folders import FAST, change, files, fill
from helpers.ports import free_port
from paintgym.agents.folder import SETTINGS, bucket
from paintgym.agents.folder.bucket import Bucket
from paintgym.agents.folder.listing import list_folder
from paintgym.errors import UnreachableError
from paintgym.scripts.main import main
from PIL import Image

pytestmark = [NEEDS_S3, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with serving_s3(monkeypatch) as client:
        yield client


def paint(place: str, out: str, *options: str) -> int:
    return main(["paint", place, *FAST, "--size", "86", *options, "--out", out])


def paintings(out: str) -> dict[str, bytes]:
    return {name: content for name, content in files(Path(out)).items() if name != SETTINGS}


def test_a_bucket_is_painted_as_a_folder_is_and_gone_on_with(store, capsys):
    pictures = fill(Path("pictures"), 9)
    (pictures / "picture001.png").write_text("not a picture")
    put_folder(store, pictures, "art", "some/pictures")
    assert paint("pictures", "alone") == 1
    told = capsys.readouterr().err
    assert paint("s3://art/some/pictures/", "out") == 1
    assert capsys.readouterr().err == told.replace("pictures/", "s3://art/some/pictures/")
    assert paintings("out") == paintings("alone")
    assert len(paintings("out")) == 8
    Path("out/picture005.png").unlink()
    change(pictures / "picture002.png", "red")
    store.put_object(Bucket="art", Key="some/pictures/picture002.png", Body=(pictures / "picture002.png").read_bytes())
    Image.new("RGB", (64, 64)).save("new.jpg")
    store.put_object(Bucket="art", Key="some/pictures/new.jpg", Body=Path("new.jpg").read_bytes())
    store.delete_object(Bucket="art", Key="some/pictures/picture008.png")
    assert paint("s3://art/some/pictures", "out") == 1
    assert "painted 3 pictures of s3://art/some/pictures, 5 painted before, 1 passed over" in capsys.readouterr().out
    assert paint("s3://art/some/pictures", "out") == 1
    assert "painted 0 pictures" in capsys.readouterr().out


KEYS = ["a10.png", "a2.png", "B/x.png", "b/deep/y.png", "b/z.jpg", "day10/a.png", "day2/b10.jpg", "day2/b2.jpg"]
KEYS += ["notes.txt", ".hidden.png", ".folder/x.png", "a.png/inside.png"]
KEYS += ["painted/.paintgym.json", "painted/p.png", "painted/more/p.png"]
HOSTILE = ["../above.png", "b/../../above.png", "./here.png", "b//twice.png", f"{'n' * 250}.png", "/etc/root.png"]


def test_what_is_in_a_bucket_is_what_is_in_a_folder_and_no_name_leads_out_of_it(store, tmp_path):
    store.create_bucket(Bucket="art")
    for key in KEYS:
        path = tmp_path / "here" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for key in [*KEYS, *HOSTILE, "empty/"]:
        store.put_object(Bucket="art", Key=f"here/{key}", Body=b"" if key == "empty/" else b"x")
    there, here = Bucket("s3://art/here").listing, list_folder(tmp_path / "here")
    assert there.pictures == here.pictures == Bucket("s3://anonymous@art//here/").listing.pictures
    assert len(there.pictures) == 9
    assert there.hidden == 2
    assert "s3://art/here/painted/ holds paintings of a folder" in there.passed_over
    for key in HOSTILE:
        assert [line for line in there.passed_over if line.startswith(f"s3://art/here/{key} has a name that")], key
    assert [line for line in there.passed_over if line.startswith("s3://art/here/notes.txt is not a picture")]
    assert len(there.passed_over) == 2 + len(HOSTILE)


def test_what_is_too_large_or_gone_is_passed_over(store, capsys, monkeypatch):
    pictures = fill(Path("pictures"), 3)
    largest = max(path.stat().st_size for path in pictures.iterdir())
    (pictures / "picture001.png").write_bytes(bytes(largest + 1))
    put_folder(store, pictures, "art", "pictures")
    monkeypatch.setattr(bucket, "LARGEST_OBJECT", largest)
    read = Bucket.read

    def delete_and_read(self: Bucket, path: Path) -> bytes:
        store.delete_object(Bucket="art", Key="pictures/picture002.png")
        return read(self, path)

    monkeypatch.setattr(Bucket, "read", delete_and_read)
    assert paint("s3://art/pictures", "out") == 1
    error = capsys.readouterr().err
    assert "picture001.png is larger than the" in error
    assert "cannot read s3://art/pictures/picture002.png: it is not there" in error
    assert set(paintings("out")) == {"picture000.png"}


def test_a_store_that_is_lost_ends_the_work_in_a_line_and_what_was_done_stays(store, capsys, monkeypatch):
    put_folder(store, fill(Path("pictures"), 20), "art", "pictures")
    read, count = Bucket.read, 0

    def lose(self: Bucket, path: Path) -> bytes:
        nonlocal count
        count += 1
        if count == 10:
            raise UnreachableError("the store does not answer")
        return read(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "read", lose)
        assert paint("s3://art/pictures", "out") == 2
    assert capsys.readouterr().err == "paintgym: the store does not answer\n"
    done = len(paintings("out"))
    assert 0 < done < 20
    assert paint("s3://art/pictures", "out") == 0
    assert f"painted {20 - done} pictures of s3://art/pictures, {done} painted before" in capsys.readouterr().out


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_each_way_in_which_a_store_fails_is_one_line_within_a_minute(store, capsys, monkeypatch):
    store.create_bucket(Bucket="art")
    store.put_object(Bucket="art", Key="a.png", Body=b"x")
    store.create_bucket(Bucket="empty")
    silent = socket.create_server(("127.0.0.1", 0))
    refusing = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=refusing.serve_forever, daemon=True).start()
    closed = f"http://127.0.0.1:{free_port()}"
    cases = {
        "s3://art/nothing": ("", "cannot list s3://art/nothing: it is not there"),
        "s3://art/a.png": ("", "cannot list s3://art/a.png: it is not there"),
        "s3://empty": ("", "s3://empty holds no pictures"),
        "s3://nobodys": ("", "has no bucket nobodys"),
        "s3://nobodys/pictures": ("", "has no bucket nobodys"),
        "s3://": ("", "'s3://' is no address of pictures; expected such as s3://bucket/prefix"),
        "s3://art/refused": (f"http://127.0.0.1:{refusing.server_port}", "gives no right to; expected keys in"),
        "s3://art/closed": (closed, f"{closed} does not answer as expected (curlCode: 7"),
        "s3://art/unknown": ("http://nobody.invalid", "Could not resolve host"),
        "s3://art/silent": (f"http://127.0.0.1:{silent.getsockname()[1]}", "does not answer as expected"),
    }
    for place, (endpoint, words) in cases.items():
        if endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        began = time.monotonic()
        assert main(["paint", place, "--out", "out"]) == 2
        error = capsys.readouterr().err
        assert (error.count("\n"), words in error) == (1, True), error
        assert time.monotonic() - began < 60
    refusing.shutdown()
    silent.close()
    assert not Path("out").exists()


def test_without_pyarrow_the_extra_is_named(capsys, monkeypatch):
    monkeypatch.setattr(bucket.importlib.util, "find_spec", lambda name: None)
    assert main(["paint", "s3://art/pictures", "--out", "out"]) == 2
    assert "needs PyArrow; 'pip install paintgym[ray]' brings it" in capsys.readouterr().err
