"""The bytes of a sixel picture, read as xterm reads them: a definition selects nothing."""

import re
from importlib import import_module

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from line_tui.tui.sixel import define_first

encode = import_module("textual_image._sixel").image_to_sixels
TOKEN = re.compile(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")


def decode(sixels: str) -> np.ndarray:
    """What xterm paints, `float[height, width, 3]` in percent."""
    wide, high = map(int, re.match(r'\x1bP0;0;0q"1;1;(\d+);(\d+)', sixels).groups())
    picture = np.full((high + 5, wide, 3), -1.0)
    registers: dict[int, tuple[int, ...]] = {}
    selected, x, y = 0, 0, 0
    for match in TOKEN.finditer(sixels, sixels.index("#"), len(sixels) - len("\x1b\\")):
        register, *rgb, count, repeated, single, control = match.groups()
        if register and rgb[0] is not None:
            registers[int(register)] = tuple(map(int, rgb))
        elif register:
            selected = int(register)
        elif control:
            x, y = 0, y + 6 * (control == "-")
        else:
            bits, times = ord(repeated or single) - 63, int(count or 1)
            for row in range(6):
                if bits >> row & 1:
                    picture[y + row, x : x + times] = registers[selected]
            x += times
    return picture[:high]


def noise(seed: int, wide: int, high: int, colours: int) -> Image.Image:
    random = np.random.default_rng(seed)
    palette = random.integers(0, 256, (colours, 3), dtype=np.uint8)
    return Image.fromarray(palette[random.integers(0, colours, (high, wide))])


@settings(max_examples=40)
@given(st.integers(0, 9), st.integers(1, 40), st.integers(1, 30), st.integers(1, 60))
def test_every_pixel_has_its_colour(seed: int, wide: int, high: int, colours: int) -> None:
    picture = noise(seed, wide, high, colours)
    wanted = np.asarray(picture) / 2.55
    assert abs(decode(define_first(encode(picture))) - wanted).max() <= 8  # the library's palette rounds


def test_the_library_alone_still_needs_it() -> None:
    # When this fails the library has been mended, and `line_tui.tui.sixel` can go.
    picture = noise(0, 24, 12, 6)
    assert abs(decode(encode(picture)) - np.asarray(picture) / 2.55).max() > 8


def test_text_without_colours_stays_as_it_is() -> None:
    assert define_first('\x1bP0;0;0q"1;1;0;0\x1b\\') == '\x1bP0;0;0q"1;1;0;0\x1b\\'


def test_the_widget_writes_such_bytes() -> None:
    from line_tui.tui.large_picture import _textual_image

    picture = noise(0, 24, 12, 6)
    child = next(iter(_textual_image().SixelImage(picture).compose()))
    sixels = child._image_to_sixels(picture, None, (0, 0, 0, 1.0))
    assert abs(decode(sixels) - np.asarray(picture) / 2.55).max() <= 8
