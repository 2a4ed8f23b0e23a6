"""The engine gives way to the screen, whichever way the system shares out the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOWERED = min(os.nice(0) + 7, 19)
"""Niceness ends at 19, also for tests that are run at a low priority."""
GIVE_WAY = """
import os, sys
from line_tui.engine import priority
give = priority.lower_priority
if sys.argv[1:]:
    from pathlib import Path
    priority.AUTOGROUP = Path(sys.argv[1])
give(7)
print(os.nice(0))
try:
    print(open("/proc/self/autogroup").read())
except OSError:
    pass
"""


def run(*arguments: str) -> str:
    command = [sys.executable, "-c", GIVE_WAY, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, start_new_session=True).stdout


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system has no autogroups")
def test_the_session_gets_the_same_niceness_as_the_process() -> None:
    nice, group = run().splitlines()[:2]
    assert int(nice) == LOWERED
    assert group.endswith(f"nice {nice}")


def test_a_system_without_autogroups_goes_by_the_process(tmp_path: Path) -> None:
    assert int(run(str(tmp_path / "none" / "autogroup")).splitlines()[0]) == LOWERED
