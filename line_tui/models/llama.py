"""The parts of llama-cpp-python that its interface does not show, all in one place.

What the bindings offer cannot keep a part of the cache, leave an evaluation, or open a file whose chat template they
cannot parse. `tests/models/test_llama.py` says which of these parts a release has changed.
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
"""What the bindings raise when a file does not open; they do not tell a damaged one from too little memory."""

INTERVAL = 0.2  # seconds
_NEVER = llama_cpp.ggml_abort_callback()
_LOG = logging.getLogger("llama-cpp-python")


def token_text(llama: llama_cpp.Llama, token: int) -> str:
    """The text of a token; empty for -1, which stands for none."""
    return "" if token == -1 else str(llama._model.token_get_text(token))


def ends(llama: llama_cpp.Llama, token: int) -> bool:
    """Whether a token ends the reply."""
    return bool(llama_cpp.llama_vocab_is_eog(llama._model.vocab, token))


def keep_first(llama: llama_cpp.Llama, tokens: int) -> bool:
    """Forget all but the first tokens that were evaluated; False where this kind of model cannot."""
    if not llama._ctx.kv_cache_seq_rm(-1, tokens, -1):
        return False
    llama.n_tokens = tokens
    return True


@contextmanager
def interruptible(llama: llama_cpp.Llama, check: Callable[[], None]) -> Iterator[None]:
    """Within the block, call `check` every `INTERVAL` of an evaluation; whatever it raises ends the evaluation.

    On a CPU a long prompt takes seconds before its first token. The CPU backend asks between the nodes of its graph;
    CUDA never does, but it finishes prompts sooner.
    """
    raised: list[BaseException] = []
    last, level = time.monotonic(), _LOG.level

    def leave(_: Any) -> bool:
        nonlocal last
        try:
            if not raised and time.monotonic() - last >= INTERVAL:
                last = time.monotonic()
                check()
        except BaseException as error:  # The C code would swallow it.
            raised.append(error)
            # llama.cpp would print an error about what was asked for.
            _LOG.setLevel(logging.CRITICAL + 1)
        return bool(raised)

    # It asks hundreds of times a token, which costs 4% while a small model replies, so only for the block.
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
    """Keep the bindings from parsing chat templates: they open no model whose template they cannot parse.

    We read it ourselves, where the chat form is wanted.
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
    """The metadata of a file, without its weights; empty when it cannot be read."""
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    try:
        model = LlamaModel(path_model=str(path), params=parameters, verbose=False)
    except FAILED:
        return {}
    fields: dict[str, str] = model.metadata()
    model.close()
    return fields
