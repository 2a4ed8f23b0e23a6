"""The help of a screen: its topics and all its keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

Key = tuple[str, str, str]
"""Key, name and description."""


def keys_of(screen: Screen[None]) -> list[Key]:
    """The keys that work on a screen now; several keys of one binding share an entry."""
    keys: dict[str, Key] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.enabled and binding.description and binding.id:
            known = keys.get(binding.id)
            shown = screen.app.get_key_display(binding)
            keys[binding.id] = (f"{known[0]} {shown}" if known else shown, binding.description, active.tooltip)
    return list(keys.values())


class HelpScreen(ModalScreen[None]):
    """Topics first, keys below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "Close", id="help.close", tooltip="Close the help")
    ]

    def __init__(self, topics: Iterable[tuple[str, str]], keys: Iterable[Key]) -> None:
        super().__init__()
        self.topics = list(topics)
        self.keys = list(keys)

    def compose(self) -> ComposeResult:
        """Topics and keys in one page that scrolls."""
        with VerticalScroll(classes="dialog tall") as scroll:
            scroll.border_title = "Help"
            scroll.border_subtitle = "Esc closes · ↑↓ scrolls"
            for heading, text in self.topics:
                yield Static(Content.assemble((heading, "bold $primary"), "  ", text), classes="topic")
            if self.keys:
                yield Static(self._table(), classes="topic")

    def _table(self) -> Content:
        wide, names = (max(len(entry[n]) for entry in self.keys) for n in (0, 1))
        parts: list[tuple[str, str] | str] = [("Keys", "bold $primary")]
        for key, name, what in self.keys:
            parts += ["\n", (f"{key:>{wide}}", "bold $accent"), f"  {name:<{names}}  ", (what, "$text-muted")]
        return Content.assemble(*parts)
