"""A device of so many bytes, and a generator that needs so many of them for each picture: no GPU is used."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from line_tui.errors import MemoryLimitError
from line_tui.models.batch_size import CudaGauge, gauge_of, largest_batch


class FakeDevice:
    """`room` is what it really has, `promised` what it says that it has."""

    def __init__(self, room: int, fixed: int, each: int, promised: int | None = None) -> None:
        self.room, self.fixed, self.each = room, fixed, each
        self.promised = room if promised is None else promised
        self.tried: list[int] = []
        self._needed = 0

    def draw(self, pictures: int) -> None:
        self.tried.append(pictures)
        self._needed = self.fixed + pictures * self.each
        if self._needed > self.room:
            raise MemoryLimitError(f"{pictures} pictures do not fit in memory", "buy memory")

    def free(self) -> int:
        return self.promised

    def peak(self, work: Callable[[], object]) -> int:
        work()
        return self._needed


def test_the_batch_doubles_up_to_the_catalogues() -> None:
    device = FakeDevice(room=1000, fixed=10, each=10)
    assert largest_batch(6, device.draw, device) == 6
    assert device.tried == [1, 2, 4, 6]


def test_a_batch_that_is_known_not_to_fit_is_not_tried() -> None:
    device = FakeDevice(room=100, fixed=0, each=20)
    assert largest_batch(16, device.draw, device) == 4
    assert device.tried == [1, 2, 4]


def test_what_does_not_grow_with_the_batch_is_counted_once() -> None:
    """SDXL on a GPU of 24 GB beside its language model: the decoder needs the same for any batch."""
    device = FakeDevice(room=11_000, fixed=5_300, each=15)
    assert largest_batch(8, device.draw, device) == 8
    assert device.tried == [1, 2, 4, 8]


def test_a_device_that_promised_too_much_costs_one_try() -> None:
    device = FakeDevice(room=50, fixed=0, each=20, promised=1000)
    assert largest_batch(16, device.draw, device) == 2
    assert device.tried == [1, 2, 4]


def test_not_even_one_picture() -> None:
    device = FakeDevice(room=5, fixed=0, each=20, promised=1000)
    with pytest.raises(MemoryLimitError, match="1 pictures do not fit"):
        largest_batch(8, device.draw, device)


@given(st.integers(1, 1000), st.integers(0, 50), st.integers(1, 50), st.integers(1, 64))
def test_what_is_found_was_drawn(room: int, fixed: int, each: int, most: int) -> None:
    device = FakeDevice(room, fixed, each)
    if fixed + each > room:
        return
    found = largest_batch(most, device.draw, device)
    assert found in device.tried and fixed + found * each <= room


def test_the_gauge_asks_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's own counters in place of a GPU's: 900 bytes at the driver, a batch that takes 250 beyond 100."""
    used = {"now": 100, "peak": 700}

    def work() -> None:
        used["peak"] = max(used["peak"], 350)

    counters = {
        "empty_cache": lambda: None,
        "mem_get_info": lambda device: (900, 1000),
        "memory_allocated": lambda device: used["now"],
        "max_memory_allocated": lambda device: used["peak"],
        "reset_peak_memory_stats": lambda device: used.update(peak=used["now"]),
    }
    monkeypatch.setattr(torch, "cuda", SimpleNamespace(**counters))
    gauge = gauge_of("cuda:1")
    assert isinstance(gauge, CudaGauge)
    assert gauge.free() == 900
    assert gauge.peak(work) == 250
    assert gauge_of("cpu") is None and gauge_of("mps") is None
