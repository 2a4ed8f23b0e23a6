"""Leaves llama.cpp in the middle of an evaluation: a long prompt takes seconds on a CPU before its first token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import llama_cpp

from line_tui.models.llama import asking

INTERVAL = 0.2  # seconds


@contextmanager
def interruptible(llama: llama_cpp.Llama, check: Callable[[], None]) -> Iterator[None]:
    """Within the block, `check` is called every `INTERVAL` of an evaluation, which ends with whatever it raises.

    The CPU asks between the nodes of its graph. CUDA never does, and is through with a prompt sooner.
    """
    raised: list[BaseException] = []
    last = time.monotonic()

    def leave() -> bool:
        nonlocal last
        try:
            if not raised and time.monotonic() - last >= INTERVAL:
                last = time.monotonic()
                check()
        except BaseException as error:  # C code would swallow it.
            raised.append(error)
        return bool(raised)

    try:
        with asking(llama, leave):
            yield
    except RuntimeError:
        if raised:
            raise raised[0] from None
        raise
