"""A language model served by another program on this machine: llama-server, vLLM, Ollama.

Its replies also depend on that program, so such a run is not reproducible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Annotated, Any, Literal

import msgspec

from line_tui.decodable import decodable
from line_tui.errors import UsageError
from line_tui.explain.ports import Completion, OnToken, Prompt
from line_tui.models.model_files import split_endpoint
from line_tui.offline import allow_endpoint
from line_tui.sanitize import shown

TOP_P = 0.9
REPLY_TOKENS = 32
TIMEOUT = 300.0
"""Seconds without data; a server may have to load the model first."""
_LONGEST_LINE = 1 << 20
"""Maximum bytes of a message; normal ones have a few hundred."""
_MOST_PIECES = 4
"""A server that sends this many times the requested tokens is cut off."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class _Details(msgspec.Struct, frozen=True):
    cached_tokens: _Count | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    prompt_tokens_details: _Details | None = None


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta | None = None


@decodable
class _Chunk(msgspec.Struct, frozen=True):
    """The fields of a server message that are used."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class EndpointLanguage:
    """The chat form over OpenAI's protocol, streamed."""

    style: Literal["few-shot", "chat"] = "chat"

    def __init__(self, name: str, url: str, model: str, thinking_tokens: int) -> None:
        """Set up a served model without connecting to it. Raises UsageError for an address on another machine."""
        self.name = f"{name}@{model}" if model else name
        parts = split_endpoint(url)
        if parts is None:
            raise UsageError(f"{name}: {url} is not on this machine", "serve the model at http://127.0.0.1")
        self._host, self._port, self._path = parts
        allow_endpoint(self._host, self._port)
        self._url = url
        self._model = model
        self._most = REPLY_TOKENS + thinking_tokens

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        """Reply to a prompt; `on_token(text, thinking)` sees each piece and may raise `Cancelled`.

        Raises UsageError if the server does not answer, or answers with an error.
        """
        request = {
            "model": self._model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "seed": seed,
            "temperature": temperature,
            "top_p": TOP_P,
            "max_tokens": self._most,
            "stream": True,
            "stream_options": {"include_usage": True},
            # llama-server honours it, others ignore it; replies are checked either way.
            "grammar": prompt.grammar,
        }
        text, pieces, answered = "", 0, False
        usage = _Usage()
        for chunk in self._post(request):
            if chunk.error:
                raise UsageError(
                    f"{self.name}: {self._url} broke off: {_message(chunk.error)}", "check the server's log, and resume"
                )
            usage = chunk.usage or usage
            for choice in (chunk.choices or [])[:1]:
                answered = True
                delta = choice.delta or _Delta()
                if thought := delta.reasoning_content or delta.reasoning:
                    pieces += 1
                    on_token(thought, True)
                if piece := delta.content:
                    pieces += 1
                    text += piece
                    on_token(piece, _is_thinking(text))
            if "\n" in _answer(text) or pieces > _MOST_PIECES * self._most:
                # Without a grammar a model may add explanations; without a limit it may never stop.
                break
        if not answered:
            raise self._no_protocol()
        prompt_tokens = usage.prompt_tokens or 0
        cached = (usage.prompt_tokens_details or _Details()).cached_tokens or 0
        completed = pieces if usage.completion_tokens is None else usage.completion_tokens
        return Completion(_answer(text), prompt_tokens, max(0, prompt_tokens - cached), completed)

    def close(self) -> None:
        """Do nothing: the server owns the memory."""

    def _post(self, request: dict[str, Any]) -> Iterator[_Chunk]:
        """The server's messages as they arrive; ending the iteration closes the connection, which stops the server."""
        connection = HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        try:
            connection.request(
                "POST",
                f"{self._path}/chat/completions",
                json.dumps(request),
                {"Content-Type": "application/json"},
            )
            # Closed itself: a server that closes the connection after its reply has handed it to the response.
            with connection.getresponse() as response:
                if response.status != 200:
                    raise UsageError(
                        f"{self.name}: {self._url} answers {response.status}: {_one_line(response.read(2000))}",
                        "correct the model's name or address in your catalog.toml",
                    )
                while line := response.readline(_LONGEST_LINE):
                    if line.startswith(b"data:") and line.removeprefix(b"data:").strip() != b"[DONE]":
                        yield msgspec.json.decode(line.removeprefix(b"data:"), type=_Chunk)
        except (OSError, HTTPException) as error:
            raise UsageError(
                f"{self.name}: no usable answer from {self._url}: {error}", "start the server there"
            ) from error
        except (ValueError, RecursionError) as error:
            raise self._no_protocol() from error
        finally:
            connection.close()

    def _no_protocol(self) -> UsageError:
        return UsageError(f"{self.name}: {self._url} does not speak OpenAI's protocol", "correct its address")


def _is_thinking(text: str) -> bool:
    return text.lstrip().startswith("<think>") and "</think>" not in text


def _answer(text: str) -> str:
    if _is_thinking(text):
        return ""
    return text.rpartition("</think>")[2].lstrip()


def _one_line(body: bytes) -> str:
    try:
        message = msgspec.json.decode(body, type=_Chunk).error
    except (ValueError, RecursionError):
        message = None
    return _message(message or body.decode("utf-8", "replace"))


def _message(error: object) -> str:
    """A server's error, an object with a message or a text, on one line."""
    message = error.get("message", error) if isinstance(error, dict) else error
    return shown(" ".join(str(message).split()))[:200]
