"""Splits a chat template into a constant part and the part that depends on the prompt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jinja2 import TemplateError
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

_USER = "\u2063user\u2063"
"""Placeholder for the user's message while the template is split."""


class _Formatter(Jinja2ChatFormatter):  # type: ignore[misc]
    """The library's formatter with a fixed date: some templates print today's date, and replies must not depend
    on it."""

    @staticmethod
    def strftime_now(format: str) -> str:
        return datetime(2026, 1, 1).strftime(format)


@dataclass(frozen=True)
class ChatForm:
    """A rendered conversation: one system message, one user message, and the start of the reply."""

    head: str
    """Everything before the user's message: the same for every call with the same system message."""
    tail: str
    """The user's message and the opening of the reply."""
    thinks: bool
    """True if the reply begins inside a `<think>` block."""


class ChatTemplate:
    """The Jinja template that a GGUF file carries."""

    def __init__(self, template: str, bos: str, eos: str) -> None:
        self._formatter = _Formatter(template=template, bos_token=bos, eos_token=eos)
        self._can_think = "enable_thinking" in template

    def render(self, system: str, user: str) -> ChatForm:
        """Render one exchange. Raises ValueError if the template omits the user's message."""
        try:
            text = self._format([{"role": "system", "content": system}, {"role": "user", "content": _USER}])
        except (ValueError, TemplateError):
            # Some templates (Gemma's) reject a system message.
            text = self._format([{"role": "user", "content": f"{system}\n\n{_USER}"}])
        head, marker, rest = text.partition(_USER)
        if not marker:
            raise ValueError("the chat template drops the user's message")
        thinks = rest.rstrip().endswith("<think>")
        if self._can_think and not thinks:
            # The model would open the block itself. Opening it here lets the grammar start at its end.
            rest, thinks = rest + "<think>\n", True
        return ChatForm(head=head, tail=user + rest, thinks=thinks)

    def _format(self, messages: list[dict[str, str]]) -> str:
        return str(self._formatter(messages=messages).prompt)
