"""Garbage collection at chosen moments: by itself a full one held up the screen for 40 to 150 ms every few seconds."""

from __future__ import annotations

import gc

EVERY = 15.0
"""Seconds between two full collections: painting leaves some five thousand objects in cycles a second."""
_NEVER = 1_000_000


def collect_on_request() -> None:
    """Leave what is loaded now out of collections, and full ones to `collect`; for the process that shows the app."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


def collect() -> None:
    """A full collection."""
    gc.collect()
