"""Detects processor, RAM and GPUs without importing anything that initialises a GPU."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import msgspec

from line_tui.models.ram import free_ram_mb

_QUERY = "--query-gpu=name,driver_version,memory.total,memory.free"


class Gpu(msgspec.Struct, frozen=True):
    """A GPU as reported by nvidia-smi."""

    name: str
    driver: str
    total_mb: int
    free_mb: int


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The hardware, as far as it can be detected without a library."""

    processor: str
    cores: int
    """Cores that this process may use."""
    flags: frozenset[str]
    """Instruction sets, as Linux names them."""
    free_ram_mb: int
    gpus: list[Gpu] = []
    driver_error: str = ""
    """nvidia-smi's error, if it failed."""
    amd: bool = False
    """Whether there is a ROCm GPU."""


def read_machine() -> Machine:
    """Detect this machine's hardware."""
    cpuinfo = _text(Path("/proc/cpuinfo"))
    gpus, error = _nvidia()
    return Machine(
        processor=_field(cpuinfo, "model name") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        flags=frozenset(_field(cpuinfo, "flags").split()),
        free_ram_mb=free_ram_mb(),
        gpus=gpus,
        driver_error=error,
        amd=Path("/dev/kfd").exists(),
    )


def parse_nvidia_smi(text: str) -> list[Gpu]:
    """The GPUs in nvidia-smi's table of name, driver, total and free MiB; invalid lines are skipped."""
    gpus: list[Gpu] = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.rsplit(",", 3)]
        if len(fields) == 4 and fields[2].isdigit() and fields[3].isdigit():
            total, free = (int(field) * 1_048_576 // 1_000_000 for field in fields[2:])
            gpus.append(Gpu(fields[0], fields[1], total, free))
    return gpus


def _nvidia() -> tuple[list[Gpu], str]:
    if shutil.which("nvidia-smi") is None:
        return [], ""
    try:
        done = subprocess.run(
            ["nvidia-smi", _QUERY, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], str(error)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        return [], lines[0] if lines else f"exit code {done.returncode}"
    return parse_nvidia_smi(done.stdout), ""


def _field(text: str, name: str) -> str:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
