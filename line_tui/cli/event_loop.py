"""Runs the event loop of a command, so that Ctrl-C works from its first moment."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def ending_signals() -> list[signal.Signals]:
    """The signals that ask a command to end; not the end of the terminal where `nohup` has it ignored."""
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, but a signal that arrives while the event loop is made is heard once there is one.

    A loop that is half made when KeyboardInterrupt strikes writes a traceback when it is taken down. Raises
    KeyboardInterrupt.
    """
    with ExitStack() as stack:
        stack.callback(work.close)
        with _deferred():
            runner = stack.enter_context(asyncio.Runner())
        return runner.run(work)


@contextmanager
def _deferred() -> Iterator[None]:
    """Within the block nothing is interrupted."""
    heard: list[int] = []
    before = {number: signal.signal(number, lambda number, _: heard.append(number)) for number in ending_signals()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    if heard:
        raise KeyboardInterrupt
