"""How much RAM is free: of the machine, and of the container or job that this process runs in."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def free_ram_mb(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int:
    """Megabytes that can be had without swapping to disk."""
    return min(_of_machine(meminfo), _of_cgroup(cgroup)) // 1_000_000


def _of_machine(meminfo: Path) -> int:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    # macOS does not say what is available: take what is there.
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_cgroup(cgroup: Path) -> int:
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        return limit - used + _droppable((cgroup / "memory.stat").read_text())
    except (OSError, ValueError):
        return 1 << 62


def _droppable(stat: str) -> int:
    """Bytes of files that were read and that the system would drop if it needed the room."""
    fields = dict(line.split() for line in stat.splitlines())
    return int(fields.get("inactive_file", 0))
