"""All uses of llama-cpp-python's private parts.

Its public API cannot keep part of the cache, abort an evaluation, or open a file whose chat template it cannot parse.
`tests/models/test_llama.py` shows which of these parts a release has changed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llama_cpp
from jinja2 import TemplateError
from llama_cpp import llama_chat_format
from llama_cpp._internals import LlamaModel

FAILED = (ValueError, RuntimeError, AssertionError, TemplateError)
"""What the bindings raise if a file does not open, whether it is damaged or memory ran out."""

INTERVAL = 0.2  # seconds
_NEVER = llama_cpp.ggml_abort_callback()
_LOG = logging.getLogger("llama-cpp-python")


def token_text(llama: llama_cpp.Llama, token: int) -> str:
    """The text of a token; empty for -1 (none)."""
    return "" if token == -1 else str(llama._model.token_get_text(token))


def ends(llama: llama_cpp.Llama, token: int) -> bool:
    """Whether a token ends the reply."""
    return bool(llama_cpp.llama_vocab_is_eog(llama._model.vocab, token))


def keep_first(llama: llama_cpp.Llama, tokens: int) -> bool:
    """Keep only the first tokens in the KV cache; False if this kind of model does not support it."""
    if not llama._ctx.kv_cache_seq_rm(-1, tokens, -1):
        return False
    llama.n_tokens = tokens
    return True


@contextmanager
def interruptible(llama: llama_cpp.Llama, check: Callable[[], None]) -> Iterator[None]:
    """Within the block, call `check` every `INTERVAL` of an evaluation; whatever it raises ends the evaluation.

    On a CPU a long prompt takes seconds before its first token. The CPU backend calls back between graph nodes; CUDA
    never does, but evaluates prompts faster.
    """
    raised: list[BaseException] = []
    last, level = time.monotonic(), _LOG.level

    def leave(_: Any) -> bool:
        nonlocal last
        try:
            if not raised and time.monotonic() - last >= INTERVAL:
                last = time.monotonic()
                check()
        except BaseException as error:  # C code cannot propagate the exception.
            raised.append(error)
            # llama.cpp would print an error about the requested abort.
            _LOG.setLevel(logging.CRITICAL + 1)
        return bool(raised)

    # Called hundreds of times per token, which costs a small model 4% of its speed, so only for the block.
    callback = llama_cpp.ggml_abort_callback(leave)
    llama_cpp.llama_set_abort_callback(llama._ctx.ctx, callback, None)
    try:
        yield
    except RuntimeError:
        if raised:
            raise raised[0] from None
        raise
    finally:
        llama_cpp.llama_set_abort_callback(llama._ctx.ctx, _NEVER, None)
        _LOG.setLevel(level)


@contextmanager
def templates_unread() -> Iterator[None]:
    """Keep the bindings from parsing chat templates: they refuse models whose template they cannot parse.

    line-tui parses the template itself if the chat form is used.
    """
    before = llama_chat_format.Jinja2ChatFormatter
    llama_chat_format.Jinja2ChatFormatter = _Unread
    try:
        yield
    finally:
        llama_chat_format.Jinja2ChatFormatter = before


class _Unread:
    def __init__(self, *given: object, **named: object) -> None:
        pass

    def to_chat_handler(self) -> None:
        return None


def header(path: Path) -> dict[str, str]:
    """The metadata of a file, without its weights; empty if it cannot be read."""
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    try:
        model = LlamaModel(path_model=str(path), params=parameters, verbose=False)
    except FAILED:
        return {}
    fields: dict[str, str] = model.metadata()
    model.close()
    return fields
