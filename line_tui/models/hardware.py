"""Free memory on the device that computes. Called in the engine only, since it initialises the GPU."""

from __future__ import annotations

import torch

from line_tui.models.memory import Free
from line_tui.models.ram import free_ram_mb


def free_memory(device: str) -> Free:
    """Free megabytes, counting what torch's allocator holds but does not use."""
    kind = torch.device(device).type
    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info(torch.device(device))
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return Free(free_ram_mb(), (free + kept) // 1_000_000)
    if kind == "mps":
        # The GPU shares the RAM and may use only part of it.
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return Free(free_ram_mb(), min(free // 1_000_000, free_ram_mb()))
    return Free(free_ram_mb())
