"""Leaves llama.cpp in the middle of an evaluation: a long prompt takes seconds on a CPU before its first token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llama_cpp

INTERVAL = 0.2  # seconds

_NEVER = llama_cpp.ggml_abort_callback()


@contextmanager
def interruptible(llama: llama_cpp.Llama, check: Callable[[], None]) -> Iterator[None]:
    """Within the block, `check` is called every `INTERVAL` of an evaluation, which ends with whatever it raises.

    The CPU asks between the nodes of its graph. CUDA never does, and is through with a prompt sooner.
    """
    raised: list[BaseException] = []
    last = time.monotonic()

    def ask(_: Any) -> bool:
        nonlocal last
        try:
            if not raised and time.monotonic() - last >= INTERVAL:
                last = time.monotonic()
                check()
        except BaseException as error:  # C code would swallow it.
            raised.append(error)
        return bool(raised)

    # It asks hundreds of times a token, which costs 4 % while a small model replies: for the block alone.
    callback = llama_cpp.ggml_abort_callback(ask)
    llama_cpp.llama_set_abort_callback(llama._ctx.ctx, callback, None)
    try:
        yield
    except RuntimeError:
        if raised:
            raise raised[0] from None
        raise
    finally:
        llama_cpp.llama_set_abort_callback(llama._ctx.ctx, _NEVER, None)
