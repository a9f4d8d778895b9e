"""Saved paintings in Chromium: the SVG looks like the painting and like no other, and the MP4 plays."""

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paintgym.agents.outputs.animation import write_mp4
from paintgym.agents.outputs.painting import Painting
from paintgym.agents.outputs.replay import Replay
from paintgym.agents.registry import load_agent
from paintgym.painters.stroke_list import on_one_canvas
from PIL import Image

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (pip install paintgym[dev])"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"),
    pytest.mark.usefixtures("one_thread"),
]
SAMPLES = Path(__file__).parents[3] / "scripts" / "pictures"
ALIKE, UNLIKE = 0.9, 0.4
"""Correlation of an SVG in Chromium with neural canvases: 0.94 to 0.97 with its own, -0.14 and -0.11 with the other."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def paintings() -> list[Painting]:
    with Image.open(SAMPLES / "still_life.jpg") as picture:
        still_life = picture.convert("RGB")
    turned = still_life.transpose(Image.Transpose.ROTATE_180)
    return [load_agent("policy", loss="mse").paint(picture, 150) for picture in (still_life, turned)]


def shoot(browser: Any, path: Path, width: int, height: int) -> np.ndarray:
    """What Chromium shows of a file, (height, width, 3) uint8."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(path.as_uri())
    content = page.screenshot()
    page.close()
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1])


def test_an_svg_looks_like_its_painting_and_not_like_another(browser, paintings, tmp_path):
    shots = []
    for number, painting in enumerate(paintings):
        path = tmp_path / f"{number}.svg"
        painting.save(path, enlarge=4)
        shots.append(shoot(browser, path, 256, 256))
    pictures = [Replay(painting.stroke_list, painting.painter, 256).image for painting in paintings]
    for own, other in ((0, 1), (1, 0)):
        assert correlation(shots[own], pictures[own]) > ALIKE
        assert correlation(shots[own], pictures[other]) < UNLIKE


def test_an_svg_of_a_large_painting_has_a_group_a_level_and_lies_on_its_paper(browser, paintings, tmp_path):
    stroke_list = on_one_canvas(paintings[0].strokes, 64, (0.2, 0.4, 0.6)).part(0, 40)
    stroke_list.windows[20:] = (8, 8, 24)
    Replay(stroke_list, paintings[0].painter).save(tmp_path / "levels.svg", enlarge=8)
    text = (tmp_path / "levels.svg").read_text()
    assert text.count("<g ") == text.count("</g>") == 2
    assert '<rect width="64" height="64" fill="#336699"/>' in text
    assert 'viewBox="0 0 64 64"' in text
    (tmp_path / "page.html").write_text('<style>body {margin: 0}</style><img src="levels.svg">')
    shot = shoot(browser, tmp_path / "page.html", 512, 512)
    assert correlation(shot, Replay(stroke_list, paintings[0].painter, 512).image) > ALIKE


def test_strokes_without_pressure_or_length_leave_no_shape_and_no_complaint(browser, paintings, tmp_path):
    strokes = np.full((3, 12), 0.5, np.float32)
    strokes[1, [2, 4, 9]] = 0.1, 0.9, 0.1
    strokes[1, [0, 11]] = 0
    strokes[2, [2, 4]] = 0.9
    Replay(on_one_canvas(strokes, 64), paintings[0].painter).save(tmp_path / "odd.svg")
    text = (tmp_path / "odd.svg").read_text()
    assert text.count("<path") == 2
    assert "nan" not in text
    assert shoot(browser, tmp_path / "odd.svg", 64, 64).min() < 200


def play(browser: Any, path: Path, moment: float) -> tuple[np.ndarray, float]:
    """What Chromium shows at a moment of an MP4, (height, width, 3), and how long it says that the film is."""
    page = browser.new_page()
    page.set_content("<video muted></video>")
    facts = page.evaluate(
        """async ({source, moment}) => {
            const video = document.querySelector("video");
            const seen = name => new Promise((resolve, reject) => {
                video.addEventListener(name, resolve, {once: true});
                video.addEventListener("error", () => reject(video.error.message), {once: true});
            });
            video.src = source;
            await seen("loadeddata");
            const {videoWidth: width, videoHeight: height, duration} = video;
            video.currentTime = moment;
            await seen("seeked");
            const canvas = Object.assign(document.createElement("canvas"), {width, height});
            const context = canvas.getContext("2d");
            // A film that has been sought need not have been drawn yet: until it is, it leaves the canvas transparent.
            for (let tries = 0; tries < 200 && !context.getImageData(0, 0, 1, 1).data[3]; tries++) {
                context.drawImage(video, 0, 0);
                await new Promise(resolve => setTimeout(resolve, 20));
            }
            return {duration, picture: canvas.toDataURL("image/png").split(",")[1]};
        }""",
        {"source": "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode(), "moment": moment},
    )
    page.close()
    picture = Image.open(io.BytesIO(base64.b64decode(facts["picture"]))).convert("RGB")
    return np.asarray(picture).astype(int), facts["duration"]


def test_an_mp4_plays_in_a_browser_from_paper_to_picture(browser, paintings, tmp_path):
    paintings[0].save(tmp_path / "film.mp4", enlarge=4, frames=8, seconds=2)
    paper, duration = play(browser, tmp_path / "film.mp4", 0.01)
    assert duration == pytest.approx(2, abs=0.03)
    assert paper.shape == (256, 256, 3)
    assert paper.min() > 250
    shown, _ = play(browser, tmp_path / "film.mp4", 1.9)
    last = np.asarray(Image.fromarray(paintings[0].image).resize((256, 256), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(shown - last).mean() < 4


def test_an_mp4_keeps_its_colors_in_a_browser(browser, tmp_path):
    colors = [(200, 40, 90), (20, 160, 60), (30, 50, 220)]
    write_mp4([Image.new("RGB", (64, 64), color) for color in colors], tmp_path / "plain.mp4", 3)
    for moment, color in zip((0.1, 1.2, 2.9), colors, strict=True):
        shown, _ = play(browser, tmp_path / "plain.mp4", moment)
        # A browser that takes one color space for another is off by 20.
        assert np.abs(shown - color).max() <= 10
