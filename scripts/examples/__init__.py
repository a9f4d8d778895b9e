"""Short programs, to run and to copy: each trains with one library, or shows one thing. Nothing imports them."""

from pathlib import Path

STILL_LIFE = str(Path(__file__).parents[1] / "pictures" / "still_life.jpg")
"""The picture that comes with the package, so that every example runs with nothing downloaded."""
