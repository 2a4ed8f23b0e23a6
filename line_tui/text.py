"""Text that others wrote: made harmless where it is shown, and put into shape where it becomes a concept.

Folders, class lists, CSV files, titles, models and servers may hold anything: escape sequences that set the terminal's
title or clipboard, marks that turn the direction of reading, line ends that forge a line of their own.
"""

from __future__ import annotations

import unicodedata
from functools import cache

LONGEST_CONCEPT = 200
"""Characters; no prompt of a text-to-image model takes more."""

_REPLACEMENT = 0xFFFD
_PICTURES = 0x2400
"""From here on Unicode has a picture of each control character: U+241B is that of Escape."""
# Invisible, but emoji and several scripts are written with them.
_JOINERS = {0x200C, 0x200D}


@cache
def _harmless() -> dict[int, int]:
    """One character for one, so that styles and columns that were counted before still fit."""
    table = {code: _REPLACEMENT for code in range(0x10000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs")}
    table |= {code: _PICTURES + code for code in range(0x20)} | {0x7F: 0x2421}
    table |= dict.fromkeys((0x2028, 0x2029, *b"\t\n\v\f\r"), ord(" "))
    for code in _JOINERS:
        del table[code]
    return table


@cache
def _harmless_but_lines() -> dict[int, int]:
    return {code: shown for code, shown in _harmless().items() if code != ord("\n")}


def shown(text: str) -> str:
    """A text as a terminal may show it: on one line, each control or format character as a sign that stands for it."""
    return text if text.isprintable() else text.translate(_harmless())


def shown_lines(text: str) -> str:
    """The same for a text of several lines, whose line ends stay."""
    return text if text.isprintable() else text.translate(_harmless_but_lines())


def as_concept(text: str) -> str:
    """Somebody's words as a concept: visible characters and single spaces, at most `LONGEST_CONCEPT`; may return ""."""
    words = text.translate(_harmless()).replace(chr(_REPLACEMENT), " ").split()
    visible = ("".join(char for char in word if not _PICTURES <= ord(char) <= 0x2421) for word in words)
    return " ".join(filter(None, visible))[:LONGEST_CONCEPT].strip()
