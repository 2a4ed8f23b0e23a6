"""Finds the largest batch that fits on a GPU by trying: an estimate cannot know what the allocator does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from line_tui.errors import MemoryLimitError
from line_tui.models.memory import HEADROOM


class Gauge(Protocol):
    """Measures a device's memory."""

    def free(self) -> int:
        """Bytes available to a batch."""

    def peak(self, work: Callable[[], object]) -> int:
        """Peak bytes that the work needed on top of what was in use."""


class CudaGauge:
    """An NVIDIA GPU, or an AMD GPU through ROCm."""

    def __init__(self, device: str) -> None:
        self._device = device

    def free(self) -> int:
        """Free bytes, counting what torch's allocator holds but does not use."""
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(self._device)[0]

    def peak(self, work: Callable[[], object]) -> int:
        """Peak bytes allocated by torch. Its cache is not counted: that is released when memory is short."""
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        work()
        return torch.cuda.max_memory_allocated(self._device) - before


def gauge_of(device: str) -> Gauge | None:
    """A gauge for a device; None where running out of memory cannot be detected or survived."""
    return CudaGauge(device) if torch.device(device).type == "cuda" else None


def largest_batch(most: int, draw: Callable[[int], object], gauge: Gauge) -> int:
    """The largest batch of 1, 2, 4 ... `most` pictures that could be drawn, doubling while memory seems to suffice.

    `draw(pictures)` draws that many and raises MemoryLimitError when they do not fit, as this does when one does not.
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
            # The cost of each further picture; the first one includes all fixed costs.
            each = (needed - before[1]) / (fits - before[0])
    return fits


def _doubled(most: int) -> Iterator[int]:
    size = 1
    while size < most:
        yield size
        size *= 2
    yield most
