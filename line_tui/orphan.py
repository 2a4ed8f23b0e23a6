"""Ends a child process when its parent ends, whatever the child is doing."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading


def end_with_parent() -> None:
    """End this process at once when its stdin closes."""

    def watch() -> None:
        while os.read(0, 1 << 16):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_soon(seconds: float) -> None:
    """End this process after some seconds, even if a library blocks it: the thread does not need the interpreter."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
