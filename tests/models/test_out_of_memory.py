"""The words of real libraries; none of them runs here."""

from __future__ import annotations

import pytest
import torch

from line_tui.errors import MemoryLimitError
from line_tui.models.out_of_memory import is_out_of_memory, out_of_memory_as

SHORT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]
OTHER = [
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    RuntimeError("CUDA error: device-side assert triggered"),
    ValueError("out of memory"),
]


@pytest.mark.parametrize("error", SHORT, ids=str)
def test_a_shortage(error: Exception) -> None:
    assert is_out_of_memory(error)
    with pytest.raises(MemoryLimitError, match="too much") as told, out_of_memory_as("too much", "less"):
        raise error
    assert told.value.fix == "less" and told.value.__cause__ is error


@pytest.mark.parametrize("error", OTHER, ids=str)
def test_another_error(error: Exception) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)) as passed, out_of_memory_as("too much", "less"):
        raise error
    assert passed.value is error


def test_the_cpu_says_it_in_these_words() -> None:
    with pytest.raises(MemoryLimitError), out_of_memory_as("too much", "less"):
        torch.empty(1 << 60, dtype=torch.uint8)
