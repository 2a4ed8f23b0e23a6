"""A process that works for another ends when that one does, whatever it is in the middle of."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading


def end_with_parent(seconds: float = 0.0) -> None:
    """End this process when its stdin ends: at once, or hard after some seconds in which it may end in order."""

    def watch() -> None:
        while os.read(0, 1 << 16):
            pass
        end_soon(seconds)

    threading.Thread(target=watch, daemon=True).start()


def end_soon(seconds: float) -> None:
    """End this process after some seconds, also when a library holds it: by a thread that needs nothing of Python."""
    if seconds <= 0:
        os._exit(1)
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
