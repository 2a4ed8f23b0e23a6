"""The hidden parts of llama-cpp-python that we reach into. A failure here names the release that changed them."""

from __future__ import annotations

from collections.abc import Iterator

import llama_cpp
import pytest

from line_tui.explain.ports import Cancelled
from line_tui.models.catalog import read_catalog
from line_tui.models.llama import ends, header, interruptible, keep_first, templates_unread, token_text
from line_tui.models.model_files import locate

SMOLLM = locate(read_catalog().find_language("smollm2-135m").source, "smollm2-135m")
TESTED = "0.3.36"
"""The last release that these tests passed with. From 0.3.30 on, the first in pyproject.toml's range, the source of the
bindings has every part by the same name."""


@pytest.fixture(scope="module")
def llama() -> Iterator[llama_cpp.Llama]:
    with templates_unread():
        llama = llama_cpp.Llama(str(SMOLLM), n_ctx=64, n_threads=1, verbose=False)
    yield llama
    llama.close()


@pytest.fixture(autouse=True)
def _named() -> Iterator[None]:
    """What is printed is shown when a test fails."""
    print(f"llama-cpp-python {llama_cpp.__version__}; tested up to {TESTED}: see line_tui/models/llama.py")
    yield


def test_texts_and_ends_of_tokens(llama: llama_cpp.Llama) -> None:
    assert token_text(llama, llama.token_eos()) == "<|im_end|>" and token_text(llama, -1) == ""
    assert ends(llama, llama.token_eos()) and not ends(llama, llama.tokenize(b"cat", add_bos=False)[0])


def test_the_beginning_of_what_was_evaluated_is_kept(llama: llama_cpp.Llama) -> None:
    tokens = llama.tokenize(b"one two three four", add_bos=False)
    llama.reset()
    llama.eval(tokens)
    assert llama.n_tokens == len(tokens)
    assert keep_first(llama, 2) and llama.n_tokens == 2
    llama.eval(tokens[2:])
    assert llama.n_tokens == len(tokens)


def test_an_evaluation_is_left_in_silence(
    llama: llama_cpp.Llama, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        raise Cancelled

    monkeypatch.setattr("line_tui.models.llama.INTERVAL", 0.0)
    llama.reset()
    with pytest.raises(Cancelled), interruptible(llama, stop):
        llama.eval(llama.tokenize(b"one two three", add_bos=False))
    llama.reset()
    llama.eval(llama.tokenize(b"one two three", add_bos=False))
    assert llama.n_tokens
    assert capfd.readouterr() == ("", "")


def test_a_chat_template_is_not_read(llama: llama_cpp.Llama) -> None:
    assert "tokenizer.chat_template" in llama.metadata
    assert not any(llama._chat_handlers.values())


def test_a_header_is_read_without_weights() -> None:
    fields = header(SMOLLM)
    assert fields["general.architecture"] == "llama" and fields["llama.block_count"] == "30"
    assert header(SMOLLM.parent / "absent.gguf") == {}
