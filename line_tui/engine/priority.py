"""Lowers the engine's priority below the screen's."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from line_tui.errors import UsageError

AUTOGROUP = Path("/proc/self/autogroup")
"""Linux divides the processor between sessions first (man 7 sched, "The autogroup feature")."""


def lower_priority(niceness: int) -> None:
    """Add to this process's niceness, and to its session's where the system schedules by session.

    The engine has its own session, so its niceness alone would only rank its own threads. Raises UsageError if the
    system does not allow it.
    """
    try:
        total = os.nice(niceness)
    except PermissionError as error:
        raise UsageError(
            f"niceness = {niceness} would give the engine priority over other programs, which only root may do",
            "set it to 0 or more under [engine] in config.toml",
        ) from error
    # Other systems, and Linux without autogroups, use the process's niceness.
    with suppress(OSError):
        AUTOGROUP.write_text(str(total))
