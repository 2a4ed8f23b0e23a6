"""Handles Ctrl-C and the other signals that end a command, so that none is lost and the command ends cleanly."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def ending_signals() -> list[signal.Signals]:
    """The signals that end a command; not SIGHUP if it is ignored, as under `nohup`."""
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, but a signal that arrives while the event loop is created waits until it exists.

    Otherwise closing the half-created loop would print a traceback. Raises KeyboardInterrupt.
    """
    with ExitStack() as stack:
        stack.callback(work.close)
        with _deferred():
            runner = stack.enter_context(asyncio.Runner())
        return runner.run(work)


@contextmanager
def _deferred() -> Iterator[None]:
    """Hold back signals until the end of the block. Raises KeyboardInterrupt there if one arrived."""
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda number, _: arrived.append(number)) for number in ending_signals()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    if arrived:
        raise KeyboardInterrupt


@contextmanager
def on_interrupt(stop: Callable[[], object]) -> Iterator[None]:
    """Within the block, the first signal calls `stop` instead of ending this process; later ones do nothing."""
    loop = asyncio.get_running_loop()
    stopped = False

    def once() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            stop()

    before = {number: signal.getsignal(number) for number in ending_signals()}
    for number in before:
        loop.add_signal_handler(number, once)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
