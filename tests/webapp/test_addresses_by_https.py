"""Pictures by https address: fetched with a real certificate, and never where that is not to be trusted."""

import contextlib
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.elsewhere import Elsewhere, allowed, ask, elsewhere
from helpers.web_service import app, check_refusal, client, finish
from paintgym.webapp.options import addresses

__all__ = ["allowed", "app", "client", "elsewhere"]
pytestmark = [
    pytest.mark.usefixtures("one_thread", "elsewhere"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed (apt-get install openssl)"),
]
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of its own, ``ca.pem``."""
    folder = tmp_path_factory.mktemp("authority")
    openssl(folder, "req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Tests", "-days", "2")
    return folder


@pytest.fixture
def trusted(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL itself trusts the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))


@contextlib.contextmanager
def served(authority: Path, name: str, days: int = 1) -> Iterator[Elsewhere]:
    openssl(authority, "req", *NEW_KEY, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", f"/CN={name}")
    (authority / "names").write_text(f"subjectAltName=DNS:{name}")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-days", str(days), "-extfile", "names")
    openssl(authority, "x509", "-req", "-in", "leaf.csr", *signed, "-out", "leaf.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority / "leaf.pem", authority / "leaf.key")
    with Elsewhere(tls) as server:
        addresses._PORTS["https"] = server.port  # of the dictionary that the fixture put there
        server.say("/picture.jpg")
        yield server


@pytest.mark.usefixtures("trusted")
def test_a_picture_is_fetched_by_https_and_painted(
    app: Flask, allowed: FlaskClient, authority: Path, elsewhere: Elsewhere
) -> None:
    with served(authority, "elsewhere.example") as server:
        elsewhere.say("/moved", b"", 301, Location="https://elsewhere.example/picture.jpg")
        for address in ("https://elsewhere.example/picture.jpg", "http://elsewhere.example/moved"):
            answer = ask(allowed, address)
            assert answer.status_code == 202, answer.text
            finish(app, answer.get_json()["id"])
        assert server.asked == ["elsewhere.example/picture.jpg"] * 2


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("name", "days", "problem"), [("other.example", 1, "not valid for"), ("elsewhere.example", 0, "expired")]
)
def test_a_certificate_of_another_name_or_of_yesterday_is_refused(
    allowed: FlaskClient, authority: Path, name: str, days: int, problem: str
) -> None:
    with served(authority, name, days) as server:
        time.sleep(1.1)  # in which one of no days expires
        refused(ask(allowed, "https://elsewhere.example/picture.jpg"), problem)
        assert not server.asked


def test_an_authority_that_nobody_knows_is_refused(allowed: FlaskClient, authority: Path) -> None:
    with served(authority, "elsewhere.example") as server:
        refused(ask(allowed, "https://elsewhere.example/picture.jpg"), "unable to get local issuer certificate")
        assert not server.asked


def refused(answer: object, problem: str) -> None:
    check_refusal(answer, {400})
    document = answer.get_json()
    assert document["reason"]["code"] == "address_certificate"
    assert problem in document["error"]
