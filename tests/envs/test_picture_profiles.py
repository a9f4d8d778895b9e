"""Color profiles: what was written in any of them comes back in sRGB, and a broken one does no harm but is told of."""

import io
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.picture_files import PROFILES, as_in, chart, chunk, cmyk_profile, encode, field_colors, gray_profile, png
from hypothesis import given
from hypothesis import strategies as st
from paintgym.envs.pictures import load_picture
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError
from paintgym.webapp.uploads import read_upload
from PIL import Image, ImageCms

pytestmark = pytest.mark.filterwarnings("error")
CARRIERS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF")


@pytest.mark.parametrize("form", CARRIERS)
@pytest.mark.parametrize("name", PROFILES)
def test_a_chart_with_a_profile_decodes_within_two_levels_of_its_srgb_twin(name: str, form: str) -> None:
    stored = as_in(PROFILES[name], chart())
    assert np.abs(np.asarray(stored).astype(int) - np.asarray(chart())).max() >= 8
    options = {"subsampling": "4:4:4" if form == "AVIF" else 0} if form in ("JPEG", "AVIF") else {}
    if form == "WEBP":
        options = {"lossless": True}
    if form == "HEIF":
        options = {"chroma": 444}
    twin = field_colors(load_picture(encode(chart(), form, **options)))
    found = field_colors(load_picture(encode(stored, form, icc_profile=PROFILES[name], **options)))
    # A level of a linear scale is several of sRGB in the shadows, and lossy files round once more.
    assert np.abs(found - twin).max() <= (2 if form in ("PNG", "WEBP", "TIFF") else 4)
    assert np.abs(found - twin).mean() < 1.2


@pytest.mark.parametrize("way", ["path", "bytes", "image", "target", "folder", "page"])
def test_profiles_are_honored_wherever_pictures_are_read(tmp_path: Path, way: str) -> None:
    profile = PROFILES["Display P3"]
    content = encode(as_in(profile, chart()), "PNG", icc_profile=profile)
    path = tmp_path / "chart.png"
    path.write_bytes(content)
    found = {
        "path": lambda: load_picture(path),
        "bytes": lambda: load_picture(content),
        "image": lambda: load_picture(Image.open(path)),
        "target": lambda: load_targets(path, 112).picture(0),
        "folder": lambda: load_targets(tmp_path, 112).picture(0),
        "page": lambda: read_upload(content, 10**6, 112).picture,
    }[way]()
    assert np.abs(field_colors(found) - field_colors(np.asarray(chart()))).max() <= 2


@pytest.mark.parametrize("gamma", [1.0, 1.8, 3.0])
@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_gray_profiles_are_honored(gamma: float, mode: str) -> None:
    ramp = np.arange(40, 250, 7, dtype=np.uint8)[None].repeat(4, 0)
    image = Image.fromarray(ramp)
    if mode == "LA":
        image.putalpha(255)
    if mode == "I;16":
        image = Image.fromarray(ramp.astype(np.uint16) * 257)
    found = load_picture(encode(image, "PNG", icc_profile=gray_profile(gamma)))
    linear = (ramp / 255) ** gamma
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(found - expected[..., None]).max() <= 2


def test_pictures_in_inks_take_the_colors_of_their_profile() -> None:
    inks = Image.fromarray(np.random.default_rng(1).integers(0, 200, (6, 6, 4), dtype=np.uint8), "CMYK")
    inks = inks.resize((96, 96), Image.Resampling.NEAREST)
    profile = cmyk_profile()
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    twin = ImageCms.profileToProfile(inks, opened, ImageCms.createProfile("sRGB"), intent, "RGB")
    for form in ("TIFF", "JPEG"):
        found = load_picture(encode(inks, form, icc_profile=profile))
        assert np.abs(field_colors(found) - field_colors(np.asarray(twin))).max() <= (2 if form == "TIFF" else 6)
    assert np.abs(np.asarray(twin).astype(int) - load_picture(inks)).mean() > 8


@pytest.mark.parametrize(
    ("inks", "color"), [((0, 0, 0, 0), (255, 255, 255)), ((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 0, 255), (0, 0, 0))]
)
def test_adobes_inverted_jpegs_of_inks_are_turned_right(inks: tuple[int, ...], color: tuple[int, ...]) -> None:
    content = encode(Image.new("CMYK", (16, 16), inks), "JPEG")
    assert b"Adobe" in content  # which stores inks as 255 minus
    assert np.abs(load_picture(content)[8, 8].astype(int) - color).max() <= 2


def test_the_profile_of_srgb_itself_changes_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(load_picture(encode(Image.fromarray(pixels), "PNG", icc_profile=profile)), pixels)


def test_transparent_and_palette_pictures_are_converted_before_they_are_laid_on_paper() -> None:
    profile = PROFILES["Adobe RGB"]
    stored = as_in(profile, chart())
    flat = stored.quantize(64)
    clear = stored.copy()
    clear.putalpha(Image.fromarray(np.tile(np.uint8([255, 0]), (112, 56))))
    for image in (flat, clear):
        found = load_picture(encode(image, "PNG", icc_profile=profile), paper=(0.2, 0.4, 0.6))
        assert np.abs(field_colors(found) - field_colors(np.asarray(chart()))).max() <= 3
    assert (found[:, 1::2] == (51, 102, 153)).all()


@pytest.mark.parametrize(
    "kind", ["noise", "cut", "gray in color", "inks in color", "empty table", "text", "huge", "color in inks"]
)
def test_a_broken_profile_is_ignored_and_told_of_by_name(tmp_path: Path, kind: str) -> None:
    whole = PROFILES["ProPhoto"]
    profile = {
        "noise": np.random.default_rng(0).bytes(600),
        "cut": whole[:200],
        "gray in color": gray_profile(2.2),
        "inks in color": cmyk_profile(3),
        "empty table": whole[:128] + bytes(4),
        "text": b"not a profile",
        "huge": whole + bytes((16 << 20) + 1),
        "color in inks": whole,
    }[kind]
    image = Image.new("CMYK", (8, 8), (9, 9, 9, 9)) if kind == "color in inks" else chart()
    path = tmp_path / "holiday.tif"
    image.save(path, icc_profile=profile)
    with pytest.warns(UserWarning, match=r"holiday\.tif: its color profile is ignored") as caught:
        found = load_picture(path)
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert np.array_equal(found, np.asarray(image.convert("RGB")))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_profile_of_any_bytes_keeps_a_picture_from_being_read(noise: bytes, at: int) -> None:
    whole = PROFILES["Display P3"]
    content = encode(Image.new("RGB", (4, 4), (10, 20, 30)), "TIFF", icc_profile=whole[:at] + noise + whole[at:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert load_picture(content).shape == (4, 4, 3)


def test_a_png_whose_profile_unpacks_to_hundreds_of_megabytes_is_refused() -> None:
    bomb = chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(200_000_000)))
    assert len(bomb) < 300_000
    with pytest.raises(InvalidInputError):
        load_picture(png(1, 8, 2, bytes(3), bomb))
