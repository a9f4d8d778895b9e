"""Films of a painting that grows, as WebP, GIF and MP4: how they are written. Nothing here paints."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from .forms import TICK_MILLISECONDS, check_mp4, durations


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

    rate = Fraction(1000, TICK_MILLISECONDS)
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
        for picture, duration in zip(pictures, durations(len(pictures), seconds), strict=True):
            pixels = np.asarray(picture.convert("RGB").crop((0, 0, stream.width, stream.height)))
            # A constant rate: players disagree on how long the last frame of any other stays.
            for _ in range(duration // TICK_MILLISECONDS):
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
        duration=durations(len(pictures), seconds),
        loop=0,
        **settings,
    )


def _share_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    """Reduce pictures to the same 256 colors; Pillow's palette for each takes longer by far, and flickers."""
    chosen = [pictures[0], *pictures[:: -max(1, len(pictures) // 8)]]
    side = min(64, pictures[0].width)
    samples = np.concatenate([np.asarray(picture.resize((side, side))) for picture in chosen])
    palette = Image.fromarray(samples).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
