"""Follows a run without the app, and stops it on Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from line_tui import events as e
from line_tui.cli.event_loop import ending_signals
from line_tui.engine.executor import Handle


async def follow(
    handle: Handle, see: Callable[[e.Envelope], None], on_stop: Callable[[], None], on_wait: Callable[[], None]
) -> None:
    """Follow a run until it is finished or stopped; `see` gets its events.

    `on_stop` is called when the user stops the run, `on_wait` when the run waits for the user. Raises LineError if the
    run failed.
    """
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        on_stop()
        stopping.append(asyncio.get_running_loop().create_task(handle.cancel()))

    with on_interrupt(stop):
        async for envelope in handle.events():
            see(envelope)
            if isinstance(envelope.event, e.PhaseChanged) and envelope.event.phase == "waiting":
                on_wait()


@contextmanager
def on_interrupt(stop: Callable[[], object]) -> Iterator[None]:
    """Within the block, the first Ctrl-C or SIGTERM calls `stop` instead of ending this process."""
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
