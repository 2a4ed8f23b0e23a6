"""Recognises out-of-memory errors, which torch and the libraries below it report in many ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from line_tui.errors import MemoryLimitError

_MESSAGES = (
    "out of memory",  # torch's allocators, the CUDA driver, Metal
    "can't allocate memory",  # torch on the CPU
    "alloc_failed",  # cuBLAS, cuDNN
    "allocation_failed",  # cuDNN's newer codes
    "cublas_status_not_initialized",  # cuBLAS, when there is no room for its own workspace
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MESSAGES)


@contextmanager
def out_of_memory_as(cause: str, fix: str) -> Iterator[None]:
    """Within the block, turn out-of-memory errors into MemoryLimitError with this cause and fix."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise MemoryLimitError(cause, fix) from error
        raise
