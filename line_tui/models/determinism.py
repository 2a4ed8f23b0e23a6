"""GPU precision and determinism: cuDNN's defaults trade both for speed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(*, full: bool) -> Iterator[None]:
    """Make results deterministic within the block; with `full`, also use all 24 bits of float32.

    By default float32 convolutions round to TF32's ten bits (an error of about 1e-3), and the order in which gradients
    are summed varies. No effect on a CPU.
    """
    cudnn = torch.backends.cudnn
    before = (cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32)
    cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = False, True, before[2] and not full
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = before
