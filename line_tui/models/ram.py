"""Free RAM of the machine, and of this process's container or job."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def free_ram_mb(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int:
    """Megabytes available without swapping to disk."""
    return min(_of_machine(meminfo), _of_cgroup(cgroup)) // 1_000_000


def _of_machine(meminfo: Path) -> int:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    # macOS does not report available memory; use the total.
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_cgroup(cgroup: Path) -> int:
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        return limit - used + _droppable((cgroup / "memory.stat").read_text())
    except (OSError, ValueError):
        return 1 << 62


def _droppable(stat: str) -> int:
    """Bytes of page cache that the system would drop under pressure."""
    fields = dict(line.split() for line in stat.splitlines())
    return int(fields.get("inactive_file", 0))
