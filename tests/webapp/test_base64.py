"""Pictures in base64 as clients send them: whatever its lines, alphabet, padding or data: URL, the same bytes."""

import base64
import io
import json
import re
import textwrap
from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, check_refusal, client, picture
from hypothesis import given, settings
from hypothesis import strategies as st
from paintgym.webapp.base64_pictures import decode_picture
from paintgym.webapp.errors import RequestError

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")

PNG, JPEG = picture("PNG"), picture("JPEG")
PLAIN = base64.b64encode(PNG).decode()
URL_SAFE = base64.urlsafe_b64encode(PNG).decode()
FORMS: dict[str, str] = {
    "plain": PLAIN,
    "in MIME's lines": base64.encodebytes(PNG).decode(),
    "in lines of 64 with carriage returns": "\r\n".join(textwrap.wrap(PLAIN, 64)),
    "with a line break at the end": f"{PLAIN}\n",
    "with spaces and tabs": " \t".join(textwrap.wrap(PLAIN, 100)),
    "in the URL-safe alphabet": URL_SAFE,
    "without padding": PLAIN.rstrip("="),
    "URL-safe, in lines, without padding": "\n".join(textwrap.wrap(URL_SAFE.rstrip("="), 76)),
    "data URL": f"data:image/png;base64,{PLAIN}",
    "data URL in capitals": f"DATA:image/PNG;BASE64,{PLAIN}",
    "data URL of another kind": f"data:image/jpeg;base64,{PLAIN}",
    "data URL without a kind": f"data:;base64,{PLAIN}",
    "data URL with a parameter": f"data:image/png;name=cat.png;base64,{PLAIN}",
    "data URL, percent-encoded": f"data:image/png;base64,{quote(PLAIN, safe='')}",
    "data URL in lines": f"\ndata:image/png;base64,\n{base64.encodebytes(PNG).decode()}",
}
assert set("+/") <= set(PLAIN), "the alphabets would not differ"


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_base64_paints_the_same(client: FlaskClient, name: str) -> None:
    assert decode_picture(FORMS[name]) == PNG
    bare = client.post("/api/paint?size=64&strokes=2", data=PNG, content_type="image/png")
    fields = {"picture": FORMS[name], "size": 64, "strokes": 2}
    for sent in ({"json": fields}, {"data": fields}):
        answer = client.post("/api/paint", **sent)
        assert answer.status_code == 200, answer.text
        assert answer.data == bare.data


@given(
    content=st.binary(max_size=300),
    url_safe=st.booleans(),
    padded=st.booleans(),
    width=st.integers(1, 90),
    gap=st.sampled_from(["", " ", "\n", "\r\n", "\t", " \n ", "\f", "\v"]),
    head=st.sampled_from(["", "data:image/png;base64,", "data:application/octet-stream; base64,", " data:;base64,\n"]),
)
@settings(max_examples=200)
def test_any_bytes_come_back_from_any_form(
    content: bytes, url_safe: bool, padded: bool, width: int, gap: str, head: str
) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(content).decode()
    text = text if padded else text.rstrip("=")
    assert decode_picture(head + gap.join(text[at : at + width] for at in range(0, len(text), width))) == content


@given(text=st.text(max_size=60) | st.text("AQ+/-_= \n,:;%data", max_size=40))
@settings(max_examples=300)
def test_any_text_is_decoded_or_refused_with_one_sentence(text: str) -> None:
    try:
        told = decode_picture(text) and ""
    except RequestError as error:
        told = str(error)
    assert not told or re.fullmatch(r"The field 'picture' [^\n]{20,300}\.", told)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("https://example.org/cat.png", "is an address"),
        ("file:///etc/passwd", "is an address"),
        ("data:image/png,%89PNG", "data: URL without base64"),
        ("data:image/svg+xml;utf8,<svg/>", "data: URL without base64"),
        ("QUJD*", "its character 5 is '*'"),
        ("QUJD=QUJD", "its character 5 is '='"),
        ("QUJDé", "its character 5 is 'é'"),
        ("QUJDR", "its end is missing"),
        (5, "not a string"),
        (["QUJD"], "not a string"),
        ({"$binary": "QUJD"}, "not a string"),
    ],
)
def test_what_is_no_base64_is_refused_with_its_cause(client: FlaskClient, value: object, cause: str) -> None:
    answer = client.post("/paintings", json={"picture": value}, headers=JSON)
    check_refusal(answer, {400})
    assert cause in answer.get_json()["error"]


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-32": lambda text: text.encode("utf-32"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/vnd.api+json"])
def test_json_is_read_in_every_encoding_it_may_have(client: FlaskClient, encoding: str, kind: str) -> None:
    body = ENCODINGS[encoding](json.dumps({"picture": FORMS["data URL"], "strokes": 1}))
    assert client.post("/paintings", data=body, content_type=kind, headers=JSON).status_code == 202


@pytest.mark.parametrize("kind", ["image/jpg", "image/*", "application/octet-stream", "binary/octet-stream"])
def test_bare_bytes_are_taken_by_whatever_name_clients_give_them(client: FlaskClient, kind: str) -> None:
    assert client.post("/paintings?strokes=1", data=JPEG, content_type=kind, headers=JSON).status_code == 202


def test_a_picture_is_given_once_as_file_or_as_text(client: FlaskClient) -> None:
    both = {"picture": [(io.BytesIO(PNG), "a.png"), PLAIN]}
    check_refusal(client.post("/paintings", data=both, content_type="multipart/form-data", headers=JSON), {400})
    text = {"picture": FORMS["data URL"], "sample": "fish", "strokes": "1"}
    answer = client.post("/paintings", data=text, content_type="multipart/form-data", headers=JSON)
    assert answer.status_code == 202
