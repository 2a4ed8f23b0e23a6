"""A language model that another program on this machine serves: llama-server, vLLM, Ollama.

Its replies depend on that program too, so a run with it is not promised to be the same again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any, Literal

from line_tui.errors import UsageError
from line_tui.explain.ports import Completion, Prompt
from line_tui.models.files import split_endpoint

TOP_P = 0.9
REPLY_TOKENS = 32
TIMEOUT = 300.0
"""Seconds without a byte; a server may have to load the model first."""


class EndpointLanguage:
    """The chat form over OpenAI's protocol, streamed."""

    style: Literal["few-shot", "chat"] = "chat"

    def __init__(self, name: str, url: str, model: str, thinking_tokens: int) -> None:
        """Name a served model, without calling it. Raises UsageError for an address on another machine."""
        self.name = f"{name}@{model}" if model else name
        parts = split_endpoint(url)
        if parts is None:
            raise UsageError(f"{name}: {url} is not on this machine", "serve the model at http://127.0.0.1")
        self._host, self._port, self._path = parts
        self._url = url
        self._model = model
        self._most = REPLY_TOKENS + thinking_tokens

    def complete(
        self, prompt: Prompt, seed: int, temperature: float, on_token: Callable[[str, bool], None]
    ) -> Completion:
        """Reply to a prompt; `on_token(text, thinking)` sees each piece and may raise `Cancelled`.

        Raises UsageError when the server does not answer, or answers with an error.
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
            # llama-server takes it; the others leave it aside, and replies are checked all the same.
            "grammar": prompt.grammar,
        }
        text, pieces = "", 0
        usage: dict[str, Any] = {}
        for chunk in self._post(request):
            usage = chunk.get("usage") or usage
            for choice in chunk.get("choices", [])[:1]:
                delta = choice.get("delta", {})
                if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                    pieces += 1
                    on_token(thought, True)
                if said := delta.get("content"):
                    pieces += 1
                    text += said
                    on_token(said, _is_thinking(text))
            if "\n" in _answer(text):
                # A model without the grammar goes on explaining.
                break
        told = int(usage.get("prompt_tokens", 0))
        cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0))
        return Completion(_answer(text), told, told - cached, int(usage.get("completion_tokens", pieces)))

    def close(self) -> None:
        """Nothing to give back: the memory is the server's."""

    def _post(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The server's messages, one by one; leaving the iteration hangs up, which stops the server."""
        connection = HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        try:
            connection.request(
                "POST",
                f"{self._path}/chat/completions",
                json.dumps(request),
                {"Content-Type": "application/json"},
            )
            response = connection.getresponse()
            if response.status != 200:
                raise UsageError(
                    f"{self.name}: {self._url} answers {response.status}: {_one_line(response.read(2000))}",
                    "correct the model's name or address in your catalog.toml",
                )
            for line in response:
                if line.startswith(b"data:") and line.removeprefix(b"data:").strip() != b"[DONE]":
                    yield json.loads(line.removeprefix(b"data:"))
        except (OSError, HTTPException) as error:
            raise UsageError(
                f"{self.name}: nothing that can be used answers at {self._url}: {error}", "start the server there"
            ) from error
        except ValueError as error:
            raise UsageError(
                f"{self.name}: {self._url} does not speak OpenAI's protocol", "correct its address"
            ) from error
        finally:
            connection.close()


def _is_thinking(text: str) -> bool:
    return text.lstrip().startswith("<think>") and "</think>" not in text


def _answer(text: str) -> str:
    if _is_thinking(text):
        return ""
    return text.rpartition("</think>")[2].lstrip()


def _one_line(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
        text = str(said["error"]["message"] if isinstance(said["error"], dict) else said["error"])
    except (ValueError, KeyError, TypeError):
        pass
    return " ".join(text.split())[:200]
