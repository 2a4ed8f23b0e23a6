"""Pictures of strips by Kitty's graphics protocol.

A picture is sent once. From then on characters stand for its cells, and painting it again takes a third of the bytes of
half-cells.
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

MOST = 500
"""Pictures that the terminal is asked to keep."""
_PLACEHOLDER = "\U0010eeee"
_PLACES = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364"
)
_PLACES += "\u0365\u0366\u0367\u0368\u0369"
"""Signs for row and column of a cell, as many as the widest picture has columns."""
_CHUNK = 4096

Key = tuple[str, int]
"""A picture's file, and its width in columns."""


class KittyPictures:
    """The pictures that the terminal has."""

    def __init__(
        self,
        write: Callable[[str], None],
        on_thread: Callable[[Callable[[], str], Callable[[str], None]], None],
        came: Callable[[], None],
    ) -> None:
        """`on_thread` passes a function's result to another, in the app; `came` is called after each new picture."""
        self._write = write
        self._on_thread = on_thread
        self._came = came
        # The terminal may have pictures of another program. A number must fit into a colour.
        self._numbers = count(randrange(1, 2**23))
        self._sent: dict[Key, int | None] = {}

    def row(self, path: str, size: int, y: int) -> Segment | None:
        """A row of a picture of `size` columns and half as many rows; None if the terminal does not have it (yet)."""
        if not path:
            return None
        key = path, size
        if key not in self._sent:
            self._sent[key] = None
            # It takes longer than a key may: 40 ms for a picture of 1024 pixels.
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
        if len(self._sent) > MOST:
            self._forget(next(iter(self._sent)))
        self._came()

    def _forget(self, key: Key) -> None:
        if (number := self._sent.pop(key)) is not None:
            self._write(f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\")

    def close(self) -> None:
        """Free the terminal's memory."""
        for key in list(self._sent):
            self._forget(key)


def _encoded(path: str, size: int) -> str:
    """A picture's file at the size of its place; empty if it cannot be read."""
    picture = read_picture(Path(path), b"")
    if picture is None:
        return ""
    width, _ = cell_size()
    picture.thumbnail((size * width, size * width))
    file = io.BytesIO()
    picture.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()
