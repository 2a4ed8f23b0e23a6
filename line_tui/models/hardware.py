"""The compute device, its free memory and the threads. For the engine only, since it initialises the GPU."""

from __future__ import annotations

import os

import torch

from line_tui.errors import UsageError, first_line
from line_tui.models.memory_plan import Free
from line_tui.models.ram import free_ram_mb

MAX_THREADS = 16
"""More threads do not help, since memory bandwidth limits reading the weights."""


def free_memory(device: str) -> Free:
    """Free megabytes, including those that torch's allocator has reserved but does not use."""
    kind = torch.device(device).type
    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info(torch.device(device))
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return Free(free_ram_mb(), (free + cached) // 1_000_000)
    if kind == "mps":
        # The GPU shares the RAM and may use only part of it.
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return Free(free_ram_mb(), min(free // 1_000_000, free_ram_mb()))
    return Free(free_ram_mb())


def default_threads() -> int:
    """The number of physical cores that this process may use, up to `MAX_THREADS`; `OMP_NUM_THREADS` lowers it."""
    # macOS and Windows do not report which cores a process may use.
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(torch.get_num_threads(), allowed, MAX_THREADS)


def default_device() -> str:
    """The best available device."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(device: str) -> None:
    """Raises UsageError for a device that this machine does not have."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"there is no device '{device}' here: {first_line(error)}", f"use '{default_device()}'"
        ) from error
