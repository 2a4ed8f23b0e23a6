"""Finds the terminal's graphics protocol, by one query for each kind of terminal, before the app starts."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import cast

import msgspec

from line_tui import private
from line_tui.config import data_folder
from line_tui.tui.large_picture import PictureProtocol

_TELLING = (
    "TERM",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "COLORTERM",
    "KITTY_WINDOW_ID",
    "TMUX",
    "STY",
    "XTERM_VERSION",
)
"""Variables that identify a kind of terminal. Those in `_NUMBERED` contain a number, so only their presence counts."""
_NUMBERED = ("KITTY_WINDOW_ID", "TMUX", "STY")
_NAMES: dict[str, PictureProtocol] = {
    "textual_image.renderable.sixel": "sixel",
    "textual_image.renderable.tgp": "kitty",
}


def picture_protocol(setting: str, cache: Path | None = None) -> PictureProtocol:
    """The protocol for pictures; the setting `auto` asks the terminal and stores its answer in `cache`."""
    if setting != "auto":
        return cast(PictureProtocol, setting)
    if not (sys.__stdout__ and sys.__stdout__.isatty() and sys.__stdin__ and sys.__stdin__.isatty()):
        return "halfcell"
    cache = cache or data_folder() / "terminals.json"
    known, terminal = _read(cache), _terminal()
    if terminal not in known:
        known[terminal] = ask_terminal()
        # If this fails, the next start asks again.
        with suppress(OSError):
            private.write(cache, msgspec.json.encode(known))
    return known[terminal]


def _terminal() -> str:
    parts = []
    for name in _TELLING:
        value = os.environ.get(name, "")
        parts.append("set" if value and name in _NUMBERED else value)
    return " ".join(parts)


def ask_terminal() -> PictureProtocol:
    """Ask the terminal, which textual-image does on import; without an answer it takes a third of a second."""
    image = import_module("textual_image.renderable").Image
    return _NAMES.get(image.__module__, "halfcell")


def _read(cache: Path) -> dict[str, PictureProtocol]:
    try:
        return msgspec.json.decode(cache.read_bytes(), type=dict[str, PictureProtocol])
    except (OSError, ValueError, RecursionError):
        return {}
