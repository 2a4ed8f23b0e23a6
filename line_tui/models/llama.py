"""The parts of llama-cpp-python that its interface does not show, all in one place.

What the bindings offer cannot keep a part of the cache, leave an evaluation, or open a file whose chat template they
cannot parse. `tests/models/test_llama.py` says which of these parts a release has changed.
"""

from __future__ import annotations

import logging
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
def asking(llama: llama_cpp.Llama, leave: Callable[[], bool]) -> Iterator[None]:
    """Within the block `leave` is asked between the nodes of the CPU's graph; True ends the evaluation.

    The evaluation then raises RuntimeError. CUDA never asks.
    """

    level = _LOG.level

    def ask(_: Any) -> bool:
        left = leave()
        if left:
            # llama.cpp would print an error about what was asked for.
            _LOG.setLevel(logging.CRITICAL + 1)
        return left

    # It asks hundreds of times a token, which costs 4% while a small model replies, so only for the block.
    callback = llama_cpp.ggml_abort_callback(ask)
    llama_cpp.llama_set_abort_callback(llama._ctx.ctx, callback, None)
    try:
        yield
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
