"""How the engine leaves the processor to the screen."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
"""Linux shares the processor out between sessions first (man 7 sched, "The autogroup feature")."""


def give_way(niceness: int) -> None:
    """Add to this process's niceness, and give its session the same where the system schedules by session.

    The engine has a session of its own: its niceness alone would only count among its own threads.
    """
    total = os.nice(niceness)
    # Other systems, and Linux without autogroups, go by the process's niceness.
    with suppress(OSError):
        AUTOGROUP.write_text(str(total))
