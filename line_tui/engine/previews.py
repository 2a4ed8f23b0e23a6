"""Shows unfinished pictures of a run, if the generator supports previews."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from line_tui.events import EphemeralEvent, Preview


@runtime_checkable
class Previewing(Protocol):
    """A generator that calls `on_preview` now and then with a thumbnail of each picture of its batch."""

    on_preview: Callable[[list[bytes]], None] | None


@contextmanager
def previewed(generator: object, show: Callable[[EphemeralEvent], None]) -> Iterator[None]:
    """Within the block, previews become events; without support for previews nothing happens."""
    if not isinstance(generator, Previewing):
        yield
        return
    generator.on_preview = lambda pictures: show(Preview(pictures=pictures))
    try:
        yield
    finally:
        generator.on_preview = None
