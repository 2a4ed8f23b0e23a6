"""How many pictures at a time fit on a GPU: tried before the run, since an estimate knows no allocator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from line_tui.errors import MemoryLimitError
from line_tui.models.memory import HEADROOM


class Gauge(Protocol):
    """Measures a device's memory."""

    def free(self) -> int:
        """Bytes that a batch could use now."""
        ...

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes that the work needed at most, beyond what was in use before."""
        ...


class CudaGauge:
    """A GPU of NVIDIA's, or of AMD's through ROCm."""

    def __init__(self, device: str) -> None:
        self._device = device

    def free(self) -> int:
        """Bytes that the driver could still give, once torch has returned what it keeps unused."""
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(self._device)[0]

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes that torch used for the work; what its allocator keeps besides, it gives up when memory is short."""
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        work()
        return torch.cuda.max_memory_allocated(self._device) - before


def gauge_of(device: str) -> Gauge | None:
    """What measures a device's memory; None where running out of it cannot be survived, or not be told."""
    return CudaGauge(device) if torch.device(device).type == "cuda" else None


def largest_batch(most: int, draw: Callable[[int], object], gauge: Gauge) -> int:
    """The largest of 1, 2, 4 ... `most` pictures that were drawn, doubled as long as memory seems to allow.

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
            # What the second and further pictures needed; the first had all that does not grow.
            each = (needed - before[1]) / (fits - before[0])
    return fits


def _doubled(most: int) -> Iterator[int]:
    size = 1
    while size < most:
        yield size
        size *= 2
    yield most
