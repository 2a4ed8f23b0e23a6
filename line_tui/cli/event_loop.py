"""Runs the event loop of a command, so that Ctrl-C works from its first moment."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import closing
from typing import Any, TypeVar

T = TypeVar("T")


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, but a signal that arrives while the event loop is made is heard once there is one.

    A loop that is half made when KeyboardInterrupt strikes writes a traceback when it is taken down.
    """
    with closing(work), asyncio.Runner() as runner:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        try:
            runner.get_loop()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return runner.run(work)
