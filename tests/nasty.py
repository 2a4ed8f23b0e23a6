"""One text with all that must never be obeyed: markup, escape sequences, C1, a turn of direction, a forged line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec

from line_tui import events as e

NASTY = "[/INST] [b]dog[closed] \x1b]0;owned\x07\x1b[31m \x9b2J\u202e\r\nforged: line"
VISIBLE = "[/INST] [b]dog[closed]"
"""What of it everybody must see as it is."""


def spoiled(events: Sequence[e.DurableEvent], concept: str, by: str = NASTY) -> list[e.DurableEvent]:
    """The same events, in which a concept is called otherwise wherever it stands."""

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value]
        return value.replace(concept, by) if isinstance(value, str) else value

    return msgspec.convert(spoil(msgspec.to_builtins(list(events))), list[e.DurableEvent])


def obeyed(text: str, but: str = "\n") -> set[str]:
    """Characters in a text that a terminal obeys, or that turn its direction."""
    return {
        char
        for char in text
        if char not in but and (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in "\u202e\u2066\u2067")
    }
