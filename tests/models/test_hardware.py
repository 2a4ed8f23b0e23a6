"""GPUs that are not here, by what torch would say of them."""

from __future__ import annotations

import pytest
import torch

from line_tui.errors import UsageError
from line_tui.models.hardware import MAX_THREADS, check_device, default_device, default_threads, free_memory
from line_tui.models.memory_plan import Free
from line_tui.models.ram import free_ram_mb


def test_the_cpu_has_the_ram() -> None:
    free = free_memory("cpu")
    assert free.gpu is None
    assert free.ram == pytest.approx(free_ram_mb(), rel=0.2)


def test_what_torch_keeps_for_itself_is_free_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("line_tui.models.hardware.free_ram_mb", lambda: 32_000)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10_000_000_000, 24_000_000_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 3_000_000_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 1_000_000_000)
    assert free_memory("cuda:0") == Free(ram=32_000, gpu=12_000)


def test_a_gpu_that_shares_the_ram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("line_tui.models.hardware.free_ram_mb", lambda: 9_000)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12_000_000_000)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 1_000_000_000)
    assert free_memory("mps") == Free(ram=9_000, gpu=9_000)


def test_a_device_that_is_not_there() -> None:
    check_device(default_device())
    with pytest.raises(UsageError, match=r"there is no device 'nonsense' here.*use '"):
        check_device("nonsense")


def test_threads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= default_threads() <= MAX_THREADS
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert default_threads() == 1
