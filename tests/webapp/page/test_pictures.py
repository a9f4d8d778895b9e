"""Pictures as they come to the page: files of every form, dropped, pasted, dragged, of an address, taken, cropped."""

import base64
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from helpers.web_page import address, browser, choose_halves, ink, marks, page, paint, wait_until_done
from helpers.web_service import picture, save_untrained_policy, service_of
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings
from PIL import Image

__all__ = ["address", "browser", "page"]
pytestmark = marks
GIVE = """([kind, event, text]) => {
    const transfer = new DataTransfer();
    const content = text.startsWith("data:") ? Uint8Array.from(atob(text.split(",")[1]), c => c.charCodeAt(0)) : text;
    transfer.items.add(new File([content], `${event}.${kind.split("/")[1]}`, kind === "none/HEIC" ? {} : {type: kind}));
    const [type, field] = event === "drop" ? [DragEvent, "dataTransfer"] : [ClipboardEvent, "clipboardData"];
    window.dispatchEvent(new type(event, {[field]: transfer, bubbles: true, cancelable: true}));
}"""
DRAG = """([form, text]) => {
    const transfer = new DataTransfer();
    transfer.setData(form, text);
    window.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""
PNG = "data:image/png;base64," + base64.b64encode(picture("PNG", (1, 1))).decode()
SHAPE = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    return create_app(Settings(policy=str(policy), time_limit=3, fetch_pictures=1))


def chosen(page: Any) -> str:
    return page.get_attribute("#chosen", "alt")


@pytest.mark.parametrize("form", ["HEIF", "AVIF", "TIFF", "BMP"])
def test_every_form_of_picture_is_shown_painted_and_compared(page: Any, tmp_path: Path, form: str) -> None:
    name = {"HEIF": "photo.heic"}.get(form, f"photo.{form.lower()}")
    if form == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    (tmp_path / name).write_bytes(picture(form, (120, 90)))
    page.set_input_files("#picture", tmp_path / name)
    page.wait_for_selector(f"#chosen[alt*='{name}']")
    assert page.locator("#chosen").evaluate(SHAPE) == [120, 90]
    paint(page, strokes="5")
    wait_until_done(page)
    page.wait_for_function("() => document.querySelector('.target').naturalWidth === 120")
    assert ink(page) > 0.01


def test_a_picture_that_is_still_being_read_is_waited_for(page: Any, tmp_path: Path) -> None:
    def delay(route: Any) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/pictures", delay)
    (tmp_path / "scan.tiff").write_bytes(picture("TIFF", (120, 90)))
    (tmp_path / "broken.tiff").write_bytes(b"hello")
    page.set_input_files("#picture", tmp_path / "scan.tiff")
    paint(page, strokes="5")
    wait_until_done(page)
    page.wait_for_function("() => document.querySelector('.target').naturalWidth === 120")
    page.set_input_files("#picture", tmp_path / "broken.tiff")
    paint(page, strokes="7")
    page.wait_for_selector("#problem:has-text('stays chosen')")
    assert page.inner_text(".count") == "5"


def test_what_cannot_be_read_is_said_at_once_and_leaves_everything(page: Any, tmp_path: Path) -> None:
    before = chosen(page)
    (tmp_path / "broken.jpg").write_bytes(b"hello")
    page.set_input_files("#picture", tmp_path / "broken.jpg")
    page.wait_for_selector("#picture-problem:has-text('This is not a PNG, JPEG or WebP picture')")
    assert page.inner_text("#picture-problem").endswith("The picture before stays chosen.")
    page.evaluate(GIVE, ["text/plain", "drop", "hello"])
    page.wait_for_selector("#picture-problem:has-text('not a picture')")
    assert chosen(page) == before
    assert page.is_checked("[name=sample][value=still_life]")
    paint(page, strokes="5")
    wait_until_done(page)
    page.check("[name=sample][value=moon]", force=True)
    assert page.inner_text("#picture-problem") == ""


def test_a_picture_that_cannot_be_read_after_another_was_chosen_stops_nothing(page: Any, tmp_path: Path) -> None:
    held: list[Any] = []
    page.route("**/pictures", lambda route: held.append(route))
    (tmp_path / "broken.jpg").write_bytes(b"hello")
    page.set_input_files("#picture", tmp_path / "broken.jpg")
    page.wait_for_selector("#picture-problem:has-text('Reading')")
    paint(page, strokes="5")
    page.check("[name=sample][value=moon]", force=True)
    held[0].fulfill(status=415, json={"error": "Not read."})
    wait_until_done(page)
    assert page.inner_text("#picture-problem") == page.inner_text("#problem") == ""


def test_pictures_are_dropped_pasted_and_dragged_from_other_pages(page: Any) -> None:
    for kind, event, shown in (
        ("image/png", "drop", "drop.png"),
        ("image/png", "paste", "paste.png"),
        ("none/HEIC", "drop", "drop.HEIC"),  # some systems have no media type for it
    ):
        page.evaluate(GIVE, [kind, event, PNG])
        page.wait_for_selector(f"#chosen[alt*='{shown}']")
    page.evaluate(DRAG, ["text/html", f"<meta charset=utf-8><img src='{PNG}'>"])
    page.wait_for_selector("#chosen[alt*='from another page']")
    assert page.locator("#chosen").evaluate(SHAPE) == [1, 1]


def test_a_picture_is_dragged_by_mouse_from_the_page_of_another(
    page: Any, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paintgym.webapp.routes.pictures.fetch_picture", lambda *_: picture("JPEG", (200, 100)))
    page.evaluate("""() => {
        const frame = Object.assign(document.createElement("iframe"), {name: "other", src: "about:blank"});
        Object.assign(frame.style, {position: "fixed", top: 0, left: 0, width: "90px", height: "90px", zIndex: 9});
        document.body.append(frame);
    }""")
    page.frame("other").set_content(f"<img src='{address}/static/samples/moon.jpg' width=70 height=70>")
    source = page.frame_locator("[name=other]").locator("img").bounding_box()
    target = page.locator("#drop").bounding_box()
    page.mouse.move(source["x"] + 35, source["y"] + 35)
    page.mouse.down()
    page.mouse.move(target["x"] + 60, target["y"] + 60, steps=8)
    page.mouse.up()
    page.wait_for_selector("#chosen[src^=blob]")
    assert page.locator("#samples :checked").count() == 0


def test_a_picture_is_fetched_by_its_address_where_the_host_allows_it(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[str] = []

    def fetch(address: str, settings: Settings) -> bytes:
        wanted.append(address)
        return picture("JPEG", (200, 100))

    monkeypatch.setattr("paintgym.webapp.routes.pictures.fetch_picture", fetch)
    page.fill("#address", "https://example.org/a.jpg")
    page.keyboard.press("Enter")  # fetches, and orders nothing yet
    page.wait_for_selector("#chosen[alt*='example.org/a.jpg']")
    page.evaluate(DRAG, ["text/uri-list", "https://example.org/b.jpg"])
    page.wait_for_selector("#chosen[alt*='example.org/b.jpg']")
    assert page.locator("#chosen").evaluate(SHAPE) == [200, 100]
    assert wanted == ["https://example.org/a.jpg", "https://example.org/b.jpg"]
    monkeypatch.undo()
    page.fill("#address", "http://127.0.0.1/secret.png")
    page.click("#fetch")
    page.wait_for_selector("#picture-problem:has-text('stays chosen')")
    assert "b.jpg" in chosen(page)


def test_without_leave_there_is_no_field_and_what_is_dragged_is_explained(
    page: Any, app: Flask, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_of(app), "settings", Settings(fetch_pictures=0))
    page.goto(address)
    page.wait_for_selector("html.ready")
    assert page.locator("#address").count() == 0
    page.evaluate(DRAG, ["text/uri-list", "https://example.org/b.jpg"])
    page.wait_for_selector("#picture-problem:has-text('Save the picture first')")


def test_a_picture_is_cropped_and_turned_by_mouse_and_keys(page: Any, tmp_path: Path) -> None:
    choose_halves(page, tmp_path)
    page.click("#adjust")
    page.wait_for_selector("#cropper[open]")
    box = page.locator("#cropper canvas").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 2, steps=3)
    page.mouse.up()
    page.click("#cropper .done")
    page.wait_for_function("() => document.getElementById('chosen').naturalWidth < 104")
    width, height = page.locator("#chosen").evaluate(SHAPE)
    assert (abs(width - 100) < 4, height) == (True, 100)
    page.click("#adjust")  # of the whole again
    page.click("#cropper .turn")
    for _ in range(10):
        page.locator("#cropper .corner.se").press("ArrowUp")
    page.keyboard.press("Escape")  # leaves it as it was
    assert page.locator("#chosen").evaluate(SHAPE) == [width, height]
    page.click("#adjust")
    page.click("#cropper .turn")
    for _ in range(25):
        page.locator("#cropper .corner.se").press("ArrowUp")
    page.click("#cropper .done")
    # Turned to the right, the red half lies above, which is what is left.
    page.wait_for_function("""() => {
        const image = document.getElementById("chosen");
        const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext("2d");
        context.drawImage(image, 0, 0, 1, 1);
        const [first, , last] = context.getImageData(0, 0, 1, 1).data;
        return image.naturalHeight === 100 && first > 200 && last < 60;
    }""")
    paint(page, size="512", strokes="4")
    wait_until_done(page)
    assert page.locator(".easel canvas").evaluate("canvas => canvas.width === canvas.height")


def test_a_small_part_of_a_large_picture_is_sharp(page: Any, tmp_path: Path) -> None:
    Image.new("RGB", (4000, 2000), "red").save(tmp_path / "large.png")
    page.set_input_files("#picture", tmp_path / "large.png")
    page.wait_for_selector("#chosen[alt*='large.png']")
    assert page.locator("#chosen").evaluate(SHAPE) == [1024, 512]
    page.click("#adjust")
    for _ in range(35):
        page.locator("#cropper .corner.se").press("ArrowLeft")
    page.click("#cropper .done")
    page.wait_for_function("() => document.getElementById('chosen').naturalWidth < 1000")
    width, height = page.locator("#chosen").evaluate(SHAPE)
    assert (round(width / height, 1), height) == (0.6, 1024)


def test_both_cameras_take_pictures(page: Any) -> None:
    page.click("#camera")
    page.wait_for_selector("#viewfinder[open][data-facing=environment]")
    page.click("#viewfinder .other")
    page.wait_for_selector("#viewfinder[data-facing=user]")
    page.wait_for_function("() => document.querySelector('#viewfinder video').videoWidth > 0")
    page.click("#viewfinder .take")
    page.wait_for_selector("#chosen[alt*='camera.jpg']")
    paint(page, strokes="5")
    wait_until_done(page)


def test_a_camera_that_comes_after_the_viewfinder_was_closed_is_let_go(page: Any) -> None:
    page.click("#camera")
    page.wait_for_selector("#viewfinder[open]")
    page.evaluate("""() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        const late = new Promise(resolve => { window.allow = resolve; });
        navigator.mediaDevices.getUserMedia = async wish => { await late; return window.stream = await ask(wish); };
        document.querySelector("#viewfinder .other").click();
        document.querySelector("#viewfinder .close").click();
        window.allow();
    }""")
    page.wait_for_function("() => window.stream?.getTracks().every(track => track.readyState === 'ended')")


def test_style_reaches_the_painting(page: Any, app: Flask, tmp_path: Path) -> None:
    colors = Image.new("RGB", (40, 40), "#ff0000")
    colors.paste("#0000ff", (20, 0, 40, 40))
    colors.save(tmp_path / "colors.png")
    page.click("#more summary")
    page.select_option("#palette", "2")
    page.set_input_files("#palette-picture", tmp_path / "colors.png")
    page.wait_for_selector("#palette-name:text-is('colors.png')")
    (tmp_path / "broken.png").write_bytes(b"hello")
    page.set_input_files("#palette-picture", tmp_path / "broken.png")
    page.wait_for_selector("#palette-problem:has-text('not a PNG')")
    assert page.inner_text("#palette-name") == "colors.png"  # whose colors are used
    page.select_option("#paper", "own")
    page.fill("#paper-own", "#123456")
    page.fill("#least-size", "50")
    paint(page, strokes="6")
    wait_until_done(page)
    identity = next(reversed(service_of(app)._jobs))
    settings = service_of(app).find(identity).request.settings()
    assert sorted(settings["palette"]) == ["#0000ff", "#ff0000"]
    assert (settings["paper"], list(settings["brush_sizes"])) == ("#123456", [0.5, 1.0])
    page.locator(".position").fill("0")
    pixel = "canvas => [...canvas.getContext('2d').getImageData(5, 5, 1, 1).data.slice(0, 3)]"
    assert page.locator(".easel canvas").evaluate(pixel) == [0x12, 0x34, 0x56]
