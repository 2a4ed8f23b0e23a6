"""Selects neurons of a layer: `all`, `0-63`, `3,7,9` or `random:50`."""

from __future__ import annotations

import random
import re

from line_tui.errors import UnknownNameError, UsageError

_RANGES = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*")
_NUMBER = re.compile(r"-?[0-9]{1,9}")


def as_number(text: str) -> int | None:
    """A neuron's number; None if the text is not one, such as a name."""
    return int(text) if _NUMBER.fullmatch(text) else None


def is_selector(text: str) -> bool:
    """Whether a text selects several neurons, unlike a number or a name."""
    if text == "all" or text.startswith("random:"):
        return True
    return _RANGES.fullmatch(text) is not None and as_number(text) is None


def select(text: str, neurons: int, seed: int) -> list[int]:
    """The selected neurons in the order given; random samples are the same for the same seed.

    Raises UsageError for an invalid selector, UnknownNameError for an unknown neuron.
    """
    if text == "all":
        return list(range(neurons))
    if text.startswith("random:"):
        count = as_number(text.removeprefix("random:"))
        if count is None or not 0 < count <= neurons:
            raise UsageError(f"'{text[:40]}' is not a sample of {neurons} neurons", f"use random:1 to random:{neurons}")
        return sorted(random.Random(seed).sample(range(neurons), count))
    if not _RANGES.fullmatch(text):
        raise UsageError(f"'{text[:40]}' selects no neurons", "use all, 0-63, 3,7,9 or random:50")
    selected: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if int(last or first) < int(first):
            raise UsageError(f"'{part}' ends before it begins", f"write {last}-{first}")
        if int(last or first) >= neurons:
            raise UnknownNameError(
                f"'{part}' is not in a layer of {neurons} neurons", f"choose from 0 to {neurons - 1}"
            )
        selected += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(selected))
