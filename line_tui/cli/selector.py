"""Which neurons of a layer: `all`, `0-63`, `3,7,9` or `random:50`."""

from __future__ import annotations

import random
import re

from line_tui.errors import UnknownNameError, UsageError

_RANGES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


def is_selector(text: str) -> bool:
    """Whether a text selects several neurons; a single number does not, nor does a name."""
    if text == "all" or text.startswith("random:"):
        return True
    return _RANGES.fullmatch(text) is not None and not text.isdecimal()


def select(text: str, neurons: int, seed: int) -> list[int]:
    """The neurons that a selector means, in the order in which it names them; the same sample for the same seed.

    Raises UsageError for a selector that is none, UnknownNameError for a neuron that is not there.
    """
    if text == "all":
        return list(range(neurons))
    if text.startswith("random:"):
        count = text.removeprefix("random:")
        if not count.isdecimal() or not 0 < int(count) <= neurons:
            raise UsageError(f"'{text}' asks for no sample of {neurons} neurons", f"use random:1 to random:{neurons}")
        return sorted(random.Random(seed).sample(range(neurons), int(count)))
    if not _RANGES.fullmatch(text):
        raise UsageError(f"'{text}' selects no neurons", "use all, 0-63, 3,7,9 or random:50")
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if int(last or first) >= neurons or int(last or first) < int(first):
            raise UnknownNameError(
                f"'{part}' is not in a layer of {neurons} neurons", f"choose from 0 to {neurons - 1}"
            )
        found += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(found))
