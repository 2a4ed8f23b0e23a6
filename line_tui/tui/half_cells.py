"""Pictures as half-cells: a character shows two pixels, one as its foreground and one as its background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from line_tui.events import THUMBNAIL

if TYPE_CHECKING:
    from PIL.Image import Image

Grid = tuple[tuple[float, ...], ...]
AMBER = (1.0, 0.72, 0.25)
"""The RGB tint of places where the neuron fires."""


@lru_cache(maxsize=512)
def half_cells(rgb: bytes, size: int, heat: Grid | None = None) -> list[list[Segment]]:
    """A thumbnail (RGB rows, `THUMBNAIL` pixels a side) as `size / 2` rows of `size` segments.

    `heat` is the neuron's spatial activation, as in `heated`.
    """
    # Imported here so that the first screen does not wait for it.
    from PIL import Image

    picture = Image.frombytes("RGB", (THUMBNAIL, THUMBNAIL), rgb).resize((size, size), Image.Resampling.BOX)
    if heat is not None:
        picture = heated(picture, heat, smooth=False)
    flat = iter(picture.tobytes())
    pixels = list(zip(flat, flat, flat, strict=True))
    rows = [pixels[start : start + size] for start in range(0, size * size, size)]
    return [
        [Segment("▀", _style(upper, lower)) for upper, lower in zip(rows[y], rows[y + 1], strict=True)]
        for y in range(0, size, 2)
    ]


@lru_cache(maxsize=4096)
def _style(upper: tuple[int, int, int], lower: tuple[int, int, int]) -> Style:
    return Style.from_color(Color.from_rgb(*upper), Color.from_rgb(*lower))


def heated(picture: Image, heat: Sequence[Sequence[float]], smooth: bool) -> Image:
    """A picture that is dark grey where the neuron is quiet and amber where it fires.

    `heat` holds the neuron's activation by row and column; `smooth` interpolates between them.
    """
    from PIL import Image

    values = [value for row in heat for value in row]
    low, spread = min(values), (max(values) - min(values)) or 1.0
    strength = Image.new("L", (len(heat[0]), len(heat)))
    strength.putdata([round(255 * (value - low) / spread) for value in values])
    mask = strength.resize(picture.size, Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST)
    grey = picture.convert("L")
    quiet = grey.point([round(0.25 * level + 15) for level in range(256)])
    amber = [grey.point([min(255, round((0.45 * level + 140) * tint)) for level in range(256)]) for tint in AMBER]
    return Image.composite(Image.merge("RGB", amber), Image.merge("RGB", [quiet] * 3), mask)
