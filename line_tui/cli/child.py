"""Processes beside this one that own models: they end when this one does, and their ends are told as its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

from line_tui.errors import EngineError

_GRACE = 5.0
"""Seconds in which a child may end in order."""


def run_child(module: str, *arguments: str) -> int:
    """Run a module in a process of its own; its exit code. Raises EngineError for one that was killed."""
    # Its stdin ends with this process, whatever ends that.
    with subprocess.Popen([sys.executable, "-P", "-m", module, *arguments], stdin=subprocess.PIPE) as child:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            _end(child)
            raise
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    if code < 0:
        raise EngineError(f"{module} was killed by {signal.Signals(-code).name}", "try again")
    return code


def _end(child: subprocess.Popen[bytes]) -> None:
    for end in (child.terminate, child.kill):
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            # In a terminal, Ctrl-C was for it too.
            child.wait(_GRACE)
            return
        end()
    child.wait()
