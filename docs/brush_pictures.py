"""The pictures of ``docs/brushes.md``: what a comparison that was kept painted with each brush, side by side.

python docs/brush_pictures.py FOLDER    the folder that was given to the command of ``brush_paintings`` as --out
"""

import base64
import io
import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PICTURES = {
    "piero_della_francesca__portrait_of_a_boy": "portrait_by_brushes",
    "joachim_patinir__landscape_with_the_destruction_of_sodom_and_gomorrah": "landscape_by_brushes",
    "vincent_van_gogh__sunflowers": "painted_by_brushes",
}
"""Which picture becomes which file."""

OUT = Path(__file__).parents[1] / "scripts" / "pictures"
COLUMNS, SIDE, LETTERS, GAP = 5, 232, 15, 4
"""Paintings in a row; pixels of a painting's longer side, of letters, and between pictures."""
QUALITY = 80
"""Of WebP: more is not seen at this size."""


def mount(paintings: dict[str, Image.Image]) -> Image.Image:
    """A sheet of paintings, each below the brush that painted it."""
    width = max(image.width for image in paintings.values()) + GAP
    height = max(image.height for image in paintings.values()) + LETTERS + 2 * GAP
    rows = -(-len(paintings) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(LETTERS)
    for number, (brush, image) in enumerate(paintings.items()):
        left, top = number % COLUMNS * width, number // COLUMNS * height
        draw.text((left + GAP, top), brush, "#444", font)
        sheet.paste(image, (left, top + LETTERS + GAP))
    return sheet


def main(folder: Path) -> None:
    """Mount what was painted of each picture."""
    sheets: dict[str, dict[str, Image.Image]] = {}
    for path in sorted((folder / "trials").glob("*.json")):
        trial = json.loads(path.read_text(encoding="utf-8"))
        image = Image.open(io.BytesIO(base64.b64decode(trial["image"]))).convert("RGB")
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        brush = trial["painter"].partition(" ")[2] or "classic/dry_brush"
        sheets.setdefault(PICTURES[trial["picture"]], {})[brush] = image
    for name, paintings in sheets.items():
        mount(dict(sorted(paintings.items()))).save(OUT / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
