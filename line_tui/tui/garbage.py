"""Garbage collection at set times: left to Python, a full one blocked the screen for 40 to 150 ms every few seconds."""

from __future__ import annotations

import gc

EVERY = 15.0
"""Seconds between two full collections: painting leaves about five thousand objects in cycles per second."""
_NEVER = 1_000_000


def collect_on_request() -> None:
    """Exclude what is loaded now from collections, and leave full ones to `collect`; for the process of the app."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


def collect() -> None:
    """A full collection, as a timer can call it: Textual takes no function that is not written in Python."""
    gc.collect()
