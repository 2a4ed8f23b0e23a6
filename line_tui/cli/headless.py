"""A run without the app: start the engine, follow the events to the run's end, stop on Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from line_tui import events as e
from line_tui.cli.ask import died, failure
from line_tui.engine import protocol as p
from line_tui.engine.client import EngineClient, EngineExited
from line_tui.errors import EngineError, LineError


async def follow(
    client: EngineClient,
    command: p.Start | p.Resume,
    see: Callable[[e.Envelope], None],
    on_stop: Callable[[], None],
    on_wait: Callable[[], None],
) -> None:
    """Carry out a run on a running engine until it is finished or stopped; `see` gets its events.

    `on_stop` is called when the person asks for the end, `on_wait` when the run waits for the person; what that
    stores is read at once. Raises LineError when the run failed.
    """
    failed: LineError | None = None
    with _interrupts(client, on_stop):
        await client.send(command)
        async for message in client.messages():
            match message:
                case p.Happened(envelope=envelope):
                    see(envelope)
                    match envelope.event:
                        case e.Failed(cause=cause, fix=fix, exit_code=exit_code):
                            failed = LineError(cause, fix)
                            failed.exit_code = exit_code
                        case e.PhaseChanged(phase="waiting"):
                            on_wait()
                            await client.send(p.Poke())
                        case e.PhaseChanged(phase="idle"):
                            break
                        case _:
                            pass
                case p.CommandFailed():
                    failed = failure(message)
                case EngineExited():
                    raise died(message, client)
                case _:
                    pass
        else:
            raise EngineError("the engine fell silent", "resume the run")
    if failed is not None:
        raise failed


@contextmanager
def _interrupts(client: EngineClient, on_stop: Callable[[], None]) -> Iterator[None]:
    """Within the block, Ctrl-C and SIGTERM stop the run in order instead of ending this process."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        if not stopping:
            on_stop()
            stopping.append(loop.create_task(client.stop()))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
