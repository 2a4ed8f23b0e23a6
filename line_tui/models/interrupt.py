"""Interrupts llama.cpp during an evaluation: on a CPU a long prompt takes seconds before its first token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import llama_cpp

from line_tui.models.llama import asking

INTERVAL = 0.2  # seconds


@contextmanager
def interruptible(llama: llama_cpp.Llama, check: Callable[[], None]) -> Iterator[None]:
    """Within the block, call `check` every `INTERVAL` of an evaluation; whatever it raises ends the evaluation.

    The CPU backend checks between graph nodes. CUDA never does, but it finishes prompts sooner.
    """
    raised: list[BaseException] = []
    last = time.monotonic()

    def leave() -> bool:
        nonlocal last
        try:
            if not raised and time.monotonic() - last >= INTERVAL:
                last = time.monotonic()
                check()
        except BaseException as error:  # The C code would swallow it.
            raised.append(error)
        return bool(raised)

    try:
        with asking(llama, leave):
            yield
    except RuntimeError:
        if raised:
            raise raised[0] from None
        raise
