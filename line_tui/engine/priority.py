"""How the engine leaves the processor to the screen."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from line_tui.errors import UsageError

AUTOGROUP = Path("/proc/self/autogroup")
"""Linux shares the processor out between sessions first (man 7 sched, "The autogroup feature")."""


def give_way(niceness: int) -> None:
    """Add to this process's niceness, and give its session the same where the system schedules by session.

    The engine has a session of its own: its niceness alone would only count among its own threads. Raises UsageError
    where the system does not allow it.
    """
    try:
        total = os.nice(niceness)
    except PermissionError as error:
        raise UsageError(
            f"niceness = {niceness} would put the engine before other programs, which only root may do",
            "set it to 0 or more under [engine] in config.toml",
        ) from error
    # Other systems, and Linux without autogroups, go by the process's niceness.
    with suppress(OSError):
        AUTOGROUP.write_text(str(total))
