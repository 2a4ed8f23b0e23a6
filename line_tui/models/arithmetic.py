"""How exactly a GPU computes: cuDNN's defaults trade digits, and the same digits each time, for speed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(*, full: bool) -> Iterator[None]:
    """Within the block, the same input gives the same output each time; with `full`, float32 means all its digits.

    By default convolutions in float32 round to TF32's ten bits, an error of about 1e-3, and gradients may be summed in
    any order. On a CPU nothing changes.
    """
    cudnn = torch.backends.cudnn
    before = (cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32)
    cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = False, True, before[2] and not full
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = before
