"""Films of a painting that grows, as WebP, GIF and MP4: their pace, and how they are written. Nothing here paints."""

import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import InvalidInputError, MissingLibraryError
from .timelapse import check_frames

_TICK_MILLISECONDS = 20
"""Durations are whole numbers of these: 50 a second is the fastest that browsers show a GIF."""
_FRAME_MILLISECONDS = 60
_LAST_FRAME_MILLISECONDS = 2500
_LONGEST_LAST_PART = 0.4
_LONGEST_SECONDS = 3600.0


def check_film(frames: int, seconds: float | None) -> None:
    """Find out, before any work, whether a film can be so long.

    Raises:
        InvalidInputError: frames or seconds out of range, or too many frames for so few seconds.
    """
    check_frames(frames)
    if seconds is None:
        return
    number = isinstance(seconds, int | float | np.number) and not isinstance(seconds, bool)
    if not number or not 0 < seconds <= _LONGEST_SECONDS:
        raise InvalidInputError(f"a film of {seconds!r} seconds was asked for, expected 0 to {_LONGEST_SECONDS:.0f}")
    if min(_durations(frames, seconds)) < _TICK_MILLISECONDS:
        raise InvalidInputError(
            f"{frames} frames in {seconds:g} seconds pass faster than the eye, expected at most 50 a second and a "
            "last one that stays; ask for fewer --frames or more --seconds"
        )


def check_mp4() -> None:
    """Raise MissingLibraryError unless the library that encodes MP4 is installed."""
    if importlib.util.find_spec("av") is None:
        raise MissingLibraryError(
            "MP4 needs PyAV, which is not installed: pip install av, or paintgym[mp4]; WebP and GIF need nothing"
        )


def write_webp(pictures: list[Image.Image], path: Path, seconds: float | None) -> None:
    """Write a film that plays again and again."""
    _write_animation(pictures, path, "WEBP", seconds, quality=85)


def write_gif(pictures: list[Image.Image], path: Path, seconds: float | None) -> None:
    """Write a film of 256 colors that plays again and again."""
    _write_animation(_share_palette(pictures), path, "GIF", seconds, optimize=False)


def write_mp4(pictures: list[Image.Image], path: Path, seconds: float | None) -> None:
    """Write an H.264 film that browsers and telephones play; odd sides lose a pixel, because 4:2:0 knows none.

    Raises:
        MissingLibraryError: PyAV is not installed.
    """
    check_mp4()
    import av
    from av.video.reformatter import ColorRange, Colorspace

    rate = Fraction(1000, _TICK_MILLISECONDS)
    # The index in front, so that a film plays before it is loaded.
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height = (max(2, side - side % 2) for side in pictures[0].size)
        stream.pix_fmt = "yuv420p"
        # Said, because players guess an unnamed color space by the size of the film.
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = int(Colorspace.ITU709)
        context.color_range = int(ColorRange.MPEG)
        moment = 0
        for picture, duration in zip(pictures, _durations(len(pictures), seconds), strict=True):
            pixels = np.asarray(picture.convert("RGB").crop((0, 0, stream.width, stream.height)))
            # A constant rate: players disagree on how long the last frame of any other stays.
            for _ in range(duration // _TICK_MILLISECONDS):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame = frame.reformat(
                    format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                frame.pts, frame.time_base = moment, 1 / rate
                container.mux(stream.encode(frame))
                moment += 1
        container.mux(stream.encode())


def _write_animation(
    pictures: list[Image.Image], path: Path, form: str, seconds: float | None, **settings: int | bool
) -> None:
    pictures[0].save(
        path,
        format=form,
        save_all=True,
        append_images=pictures[1:],
        duration=_durations(len(pictures), seconds),
        loop=0,
        **settings,
    )


def _durations(count: int, seconds: float | None) -> list[int]:
    """Milliseconds that each of ``count`` pictures is shown, whole ticks; the last stays longer."""
    if seconds is None:
        return [_FRAME_MILLISECONDS] * (count - 1) + [_LAST_FRAME_MILLISECONDS]
    whole = 1000 * seconds
    last = min(_LAST_FRAME_MILLISECONDS, _LONGEST_LAST_PART * whole) if count > 1 else whole
    ends = np.append(np.linspace(0, whole - last, count), whole)
    ticks: list[int] = np.diff(np.rint(ends / _TICK_MILLISECONDS)).astype(int).tolist()
    return [_TICK_MILLISECONDS * number for number in ticks]


def _share_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    """Reduce pictures to the same 256 colors; Pillow's palette for each takes longer by far, and flickers."""
    chosen = [pictures[0], *pictures[:: -max(1, len(pictures) // 8)]]
    side = min(64, pictures[0].width)
    samples = np.concatenate([np.asarray(picture.resize((side, side))) for picture in chosen])
    palette = Image.fromarray(samples).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
