"""Language models through llama.cpp: any GGUF file, with a chat template or a few-shot prompt."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import llama_cpp
from jinja2 import TemplateError

from line_tui.errors import UsageError
from line_tui.explain.ports import Completion, OnToken, Prompt
from line_tui.models.chat_template import ChatTemplate
from line_tui.models.gguf import open_gguf
from line_tui.models.llama import ends, interruptible, keep_first, token_text
from line_tui.models.model_files import fingerprint

TOP_P = 0.9
REPLY_TOKENS = 32
"""Maximum tokens of a reply, without reasoning; a concept takes a few."""

OnNote = Callable[[str], None]


class LlamaLanguage:
    """A GGUF model whose replies depend only on prompt, seed, temperature and thread count.

    llama.cpp reuses any matching prefix of the last prompt, which changes the last digits of the output, so a resumed
    process would differ. Here only the static head, evaluated separately, is reused.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        *,
        style: Literal["auto", "few-shot", "chat"] = "auto",
        context: int = 4096,
        thinking_tokens: int = 1024,
        threads: int = 1,
        gpu_layers: int | None = 0,
        gpu: int = 0,
        on_note: OnNote = lambda note: None,
    ) -> None:
        """Load a model with `gpu_layers` of its layers on a GPU, None for as many as fit; `on_note` is called if some
        do not fit.

        Raises ModelFileError if the file is damaged or too new for llama.cpp, MemoryLimitError if the given number of
        layers does not fit.
        """
        self._llama, self.gpu_layers = open_gguf(
            path, name, context=context, threads=threads, gpu_layers=gpu_layers, gpu=gpu, on_note=on_note
        )
        self.name = f"{name}@{fingerprint(path)}"
        self._thinking_tokens = thinking_tokens
        self._bos = token_text(self._llama, self._llama.token_bos())
        self._template = self._read_template() if style != "few-shot" else None
        if style == "chat" and self._template is None:
            raise UsageError(
                f"{name} has no usable chat template", 'set style = "few-shot" for it in your catalog.toml'
            )
        self.style: Literal["few-shot", "chat"] = "few-shot" if self._template is None else "chat"
        self._head: list[int] = []

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        """Reply to a prompt; `on_token(text, thinking)` sees each piece and may raise `Cancelled`.

        It is also called with empty pieces during prompt evaluation, so that it can raise then too. Raises
        UsageError if prompt and reply do not fit the model's context.
        """
        head, tail, thinks = self._tokens(prompt)
        prompt_tokens = len(head) + len(tail)
        room = self._llama.n_ctx() - prompt_tokens - REPLY_TOKENS
        if room < 0:
            raise UsageError(
                f"{self.name}: a prompt of {prompt_tokens} tokens does not fit its context of {self._llama.n_ctx()}",
                "set a larger context for it in your catalog.toml",
            )
        evaluated = self._rewind(head, on_token) + len(tail)
        self._llama.set_seed(seed)
        thoughts = 0
        if thinks:
            thoughts, tail = self._think(tail, temperature, min(self._thinking_tokens, room), on_token)
        grammar = llama_cpp.LlamaGrammar.from_string(prompt.grammar, verbose=False)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text, count = "", 0
        for token in self._sample(tail, temperature, REPLY_TOKENS, grammar, on_token):
            piece = decoder.decode(self._llama.detokenize([token]))
            text, count = text + piece, count + 1
            on_token(piece, False)
        return Completion(
            text=text,
            prompt_tokens=prompt_tokens,
            evaluated_tokens=evaluated,
            completion_tokens=thoughts + count,
        )

    def close(self) -> None:
        """Free the model, which cannot be used afterwards."""
        self._llama.close()

    def _tokens(self, prompt: Prompt) -> tuple[list[int], list[int], bool]:
        """Head, tail, and whether the reply starts with reasoning. The parts are tokenised separately, as they are
        evaluated."""
        if self._template is None:
            return self._tokenise(prompt.head, start=True), self._tokenise(prompt.tail), False
        form = self._template.render(prompt.system, prompt.user)
        head = self._tokenise(form.head, start=True, special=True)
        return head, self._tokenise(form.tail, special=True), form.thinks

    def _tokenise(self, text: str, start: bool = False, special: bool = False) -> list[int]:
        # Templates often include the first token; adding it twice would change the prompt.
        first = start and not (self._bos and text.startswith(self._bos))
        return list(self._llama.tokenize(text.encode(), add_bos=first, special=special))

    def _rewind(self, head: list[int], on_token: OnToken) -> int:
        """Reset the model to the state after the head; return the number of tokens evaluated."""
        if head == self._head and keep_first(self._llama, len(head)):
            return 0
        self._llama.reset()
        self._head = []
        with interruptible(self._llama, lambda: on_token("", False)):
            self._llama.eval(head)
        self._head = head
        return len(head)

    def _think(self, tail: list[int], temperature: float, limit: int, on_token: OnToken) -> tuple[int, list[int]]:
        """Let the model reason; return the number of tokens it took, and the tokens to evaluate before the reply."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        thoughts, count, last = "", 0, []
        for token in self._sample(tail, temperature, limit, None, on_token):
            piece = decoder.decode(self._llama.detokenize([token], special=True))
            thoughts, count, last = thoughts + piece, count + 1, [token]
            on_token(piece, True)
            if "</think>" in thoughts:
                return count, last + self._tokenise("\n\n", special=True)
        return count, last + self._tokenise("\n</think>\n\n", special=True)

    def _sample(
        self,
        tokens: list[int],
        temperature: float,
        limit: int,
        grammar: llama_cpp.LlamaGrammar | None,
        on_token: OnToken,
    ) -> Iterator[int]:
        """Evaluate tokens and yield up to `limit` new ones; the last one yielded is not evaluated."""
        sampled = self._llama.generate(
            tokens, temp=temperature, top_p=TOP_P, top_k=0, min_p=0.0, grammar=grammar, reset=False
        )
        # The whole prompt is evaluated before the first new token.
        with interruptible(self._llama, lambda: on_token("", False)):
            first = next(sampled)
        for token in islice(chain([first], sampled), limit):
            if ends(self._llama, token):
                return
            yield token

    def _read_template(self) -> ChatTemplate | None:
        text = self._llama.metadata.get("tokenizer.chat_template")
        if not text:
            return None
        try:
            template = ChatTemplate(text, bos=self._bos, eos=token_text(self._llama, self._llama.token_eos()))
            template.render("system", "user")
        except (ValueError, TemplateError):
            return None
        return template
