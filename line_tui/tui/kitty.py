"""Thumbnails by Kitty's graphics protocol.

A picture is sent once and then drawn with placeholder characters, which take a third of the bytes of half-cells.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from random import randrange

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from line_tui.tui.large_picture import cell_size, read_picture

MAX_PICTURES = 500
"""Number of pictures kept in the terminal's memory."""
_PLACEHOLDER = "\U0010eeee"
_PLACES = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364"
)
_PLACES += "\u0365\u0366\u0367\u0368\u0369"
"""Combining characters that number rows and columns; enough for the widest picture."""
_CHUNK = 4096

Key = tuple[str, int]
"""A picture's file, and its width in columns."""


class KittyPictures:
    """The pictures in the terminal's memory."""

    def __init__(
        self,
        write: Callable[[str], None],
        on_thread: Callable[[Callable[[], str], Callable[[str], None]], None],
        on_picture: Callable[[], None],
    ) -> None:
        """`on_thread` runs a function on a thread and passes its result to another function in the app.

        `on_picture` is called after each new picture.
        """
        self._write = write
        self._on_thread = on_thread
        self._on_picture = on_picture
        # Random, because another program may have pictures in this terminal; 24 bits, because a colour encodes it.
        self._numbers = count(randrange(1, 2**23))
        self._sent: dict[Key, int | None] = {}

    def row(self, path: str, size: int, y: int) -> Segment | None:
        """Row `y` of a picture that is `size` columns wide and half as many rows high; None until it has been sent."""
        if not path:
            return None
        key = path, size
        if key not in self._sent:
            self._sent[key] = None
            # On a thread, because it takes 40 ms for a picture of 1024 pixels.
            self._on_thread(partial(_encoded, path, size), partial(self._send, key))
        number = self._sent[key]
        if number is None:
            return None
        text = "".join(f"{_PLACEHOLDER}{_PLACES[y]}{place}" for place in _PLACES[:size])
        return Segment(text, Style(color=Color.from_rgb(number >> 16, number >> 8 & 255, number & 255)))

    def _send(self, key: Key, data: str) -> None:
        if not data:
            return
        number, size = next(self._numbers), key[1]
        options = f"a=T,U=1,i={number},c={size},r={size // 2},f=100,q=2,"
        for start in range(0, len(data), _CHUNK):
            more = int(start + _CHUNK < len(data))
            self._write(f"\x1b_G{options}m={more};{data[start : start + _CHUNK]}\x1b\\")
            options = ""
        self._sent[key] = number
        if len(self._sent) > MAX_PICTURES:
            self._forget(next(iter(self._sent)))
        self._on_picture()

    def _forget(self, key: Key) -> None:
        if (number := self._sent.pop(key)) is not None:
            self._write(f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\")

    def close(self) -> None:
        """Free the terminal's memory."""
        for key in list(self._sent):
            self._forget(key)


def _encoded(path: str, size: int) -> str:
    """A picture scaled to `size` columns, as a PNG in base64; empty if its file cannot be read."""
    picture = read_picture(Path(path), b"")
    if picture is None:
        return ""
    width, _ = cell_size()
    picture.thumbnail((size * width, size * width))
    file = io.BytesIO()
    picture.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()
