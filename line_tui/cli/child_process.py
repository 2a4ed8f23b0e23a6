"""Runs child processes that own models. They end with this one, and their exit codes become its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

from line_tui.errors import EngineError

_GRACE = 5.0
"""Seconds a child gets to exit cleanly."""


def run_child(module: str, *arguments: str) -> int:
    """Run a module in its own process and return its exit code. Raises EngineError if it was killed."""
    # The child's stdin closes whenever this process ends.
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
            # In a terminal, the child received Ctrl-C too.
            child.wait(_GRACE)
            return
        end()
    child.wait()
