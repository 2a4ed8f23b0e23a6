"""Runs modules that load models in child processes, which never outlive this one."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

from line_tui.errors import EngineError

_GRACE = 5.0
"""Seconds that a child has to exit by itself."""


def run_child(module: str, *arguments: str) -> int:
    """Run a module in a child process and return its exit code. Raises EngineError if it was killed."""
    # The child exits when its stdin closes, which happens however this process ends.
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
            # In a terminal, Ctrl-C has reached the child too.
            child.wait(_GRACE)
            return
        end()
    child.wait()
