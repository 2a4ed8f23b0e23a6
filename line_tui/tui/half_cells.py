"""Pictures as half-cells: a character shows two pixels, one in its colour and one in its background."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from line_tui.events import THUMBNAIL

Grid = tuple[tuple[float, ...], ...]
AMBER = (1.0, 0.72, 0.25)
"""The tint of places that drive the neuron."""


@lru_cache(maxsize=512)
def half_cells(rgb: bytes, size: int, heat: Grid | None = None) -> list[list[Segment]]:
    """Rows of segments of a `THUMBNAIL` square RGB picture, `size` columns by `size / 2` rows.

    With `heat` (activations by row) the picture turns grey, except where the neuron fires.
    """
    pixels = _shrink(rgb, size)
    if heat is not None:
        pixels = _heated(pixels, heat)
    return [
        [Segment("▀", _style(upper, lower)) for upper, lower in zip(pixels[y], pixels[y + 1], strict=True)]
        for y in range(0, size, 2)
    ]


Pixel = tuple[int, int, int]


@lru_cache(maxsize=4096)
def _style(upper: Pixel, lower: Pixel) -> Style:
    return Style.from_color(Color.from_rgb(*upper), Color.from_rgb(*lower))


def _shrink(rgb: bytes, size: int) -> list[list[Pixel]]:
    """The mean of each box of source pixels, edges weighted by their overlap."""
    # Imported here, so that the first screen need not wait for it.
    from PIL import Image

    picture = Image.frombytes("RGB", (THUMBNAIL, THUMBNAIL), rgb)
    flat = iter(picture.resize((size, size), Image.Resampling.BOX).tobytes())
    pixels = list(zip(flat, flat, flat, strict=True))
    return [pixels[start : start + size] for start in range(0, size * size, size)]


def _heated(pixels: list[list[Pixel]], heat: Grid) -> list[list[Pixel]]:
    size = len(pixels)
    low = min(min(row) for row in heat)
    spread = (max(max(row) for row in heat) - low) or 1.0
    out: list[list[Pixel]] = []
    for y, row in enumerate(pixels):
        source = heat[y * len(heat) // size]
        out.append([_warm(pixel, (source[x * len(source) // size] - low) / spread) for x, pixel in enumerate(row)])
    return out


def _warm(pixel: Pixel, strength: float) -> Pixel:
    """Grey and dark where the neuron is quiet, amber over the picture where it fires."""
    grey = 0.3 * pixel[0] + 0.59 * pixel[1] + 0.11 * pixel[2]
    base = 0.25 * grey + 15
    light = 0.45 * grey + 140
    r, g, b = (round(min(255.0, (1 - strength) * base + strength * light * tint)) for tint in AMBER)
    return r, g, b


def grid(rows: list[list[float]] | None) -> Grid | None:
    """An activation map in a hashable form, for the cache."""
    return None if rows is None else tuple(tuple(row) for row in rows)
