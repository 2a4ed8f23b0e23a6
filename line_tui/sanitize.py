"""Makes untrusted text safe to show, and turns it into concepts.

Text from folders, class lists, CSV files, titles, models and servers may contain anything: escape sequences that set
the terminal's title or clipboard, bidirectional marks, line ends that forge a line.
"""

from __future__ import annotations

import unicodedata
from functools import cache

LONGEST_CONCEPT = 200
"""Maximum length in characters; text-to-image prompts take no more."""

_REPLACEMENT = 0xFFFD
_PICTURES = 0x2400
"""Start of Unicode's control pictures: U+241B is Escape's."""
# Invisible, but needed by emoji and several scripts.
_JOINERS = {0x200C, 0x200D}


@cache
def _harmless() -> dict[int, int]:
    """Replaces each character by one, so that styles and columns computed before remain valid."""
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
    """A text safe for a terminal: on one line, with control and format characters replaced by visible symbols."""
    return text if text.isprintable() else text.translate(_harmless())


def shown_lines(text: str) -> str:
    """As `shown`, but keeps line ends."""
    return text if text.isprintable() else text.translate(_harmless_but_lines())


def as_concept(text: str) -> str:
    """Text as a concept: visible characters and single spaces, at most `LONGEST_CONCEPT`; may return ""."""
    words = text.translate(_harmless()).replace(chr(_REPLACEMENT), " ").split()
    visible = ("".join(char for char in word if not _PICTURES <= ord(char) <= 0x2421) for word in words)
    return " ".join(filter(None, visible))[:LONGEST_CONCEPT].strip()
