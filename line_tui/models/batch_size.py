"""Finds the largest batch that fits on a GPU by trying: estimates cannot predict the allocator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from line_tui.errors import MemoryLimitError
from line_tui.models.memory_plan import HEADROOM


class Gauge(Protocol):
    """Measures a device's memory."""

    def free(self) -> int:
        """Bytes available to a batch."""

    def peak(self, work: Callable[[], object]) -> int:
        """Peak bytes that the work needed, beyond the memory already in use."""


class CudaGauge:
    """An NVIDIA GPU, or an AMD GPU through ROCm."""

    def __init__(self, device: str) -> None:
        self._device = device

    def free(self) -> int:
        """Free bytes, including those that torch's allocator has reserved but does not use."""
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(self._device)[0]

    def peak(self, work: Callable[[], object]) -> int:
        """Peak bytes allocated by torch, without its cache, which is released when memory is short."""
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        work()
        return torch.cuda.max_memory_allocated(self._device) - before


def gauge_of(device: str) -> Gauge | None:
    """A gauge for a device; None if running out of memory there cannot be detected or survived."""
    return CudaGauge(device) if torch.device(device).type == "cuda" else None


def largest_batch(most: int, draw: Callable[[int], object], gauge: Gauge) -> int:
    """The largest batch of 1, 2, 4 ... `most` pictures that could be drawn, doubling while memory seems to suffice.

    `draw(pictures)` draws that many. Raises MemoryLimitError as `draw` does, but only if a single one does not fit.
    """
    fits, needed, each = 0, 0, 0.0
    for size in _doubled(most):
        if fits and needed + each * (size - fits) > gauge.free() * (1 - HEADROOM):
            break
        before = fits, needed
        try:
            needed = gauge.peak(lambda: draw(size))  # noqa: B023
        except MemoryLimitError:
            if not fits:
                raise
            break
        fits = size
        if before[0]:
            # The cost of each further picture; the first includes all fixed costs.
            each = (needed - before[1]) / (fits - before[0])
    return fits


def _doubled(most: int) -> Iterator[int]:
    size = 1
    while size < most:
        yield size
        size *= 2
    yield most
