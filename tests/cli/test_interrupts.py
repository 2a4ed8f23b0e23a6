"""Ctrl-C at the worst moment: while the event loop is half made."""

import asyncio
import os
import signal
import warnings

import pytest

from line_tui.cli.interrupts import run_async

pytestmark = pytest.mark.unit


async def answer() -> int:
    return 42


def test_the_result_is_that_of_the_work() -> None:
    assert run_async(answer()) == 42


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_for_the_loop(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = signal.default_int_handler
    before = signal.signal(number, handler)
    made = []
    new_loop = asyncio.new_event_loop

    def interrupted() -> asyncio.AbstractEventLoop:
        os.kill(os.getpid(), number)
        made.append(new_loop())
        return made[0]

    monkeypatch.setattr(asyncio.events, "new_event_loop", interrupted)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*never awaited")
        with pytest.raises(KeyboardInterrupt):
            run_async(answer())
    assert made[0].is_closed()
    assert signal.signal(number, before) is handler
