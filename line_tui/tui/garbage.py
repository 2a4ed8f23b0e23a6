"""Garbage collection on a timer: Python's automatic full collections blocked the screen for 40 to 150 ms each."""

from __future__ import annotations

import gc

INTERVAL = 15.0
"""Seconds between two full collections; drawing leaves about 5000 objects in reference cycles per second."""
_NEVER = 1_000_000


def collect_on_request() -> None:
    """Exclude existing objects from garbage collection, and leave full collections to `collect`, in this process."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


def collect() -> None:
    """Run a full collection. A wrapper, because Textual's timers do not accept a built-in function."""
    gc.collect()
