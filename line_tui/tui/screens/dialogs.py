"""Dialogs that ask for a line of text, or for yes or no."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

_HINT = "Enter saves · Esc cancels"


class Ask(ModalScreen[str | None]):
    """Asks for one line of text; None if the user cancels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="ask.cancel", tooltip="Close without a change")
    ]

    def __init__(
        self,
        question: str,
        value: str = "",
        placeholder: str = "",
        *,
        optional: bool = False,
        integer: bool = False,
        longest: int = 0,
        refuse: Callable[[str], str | None] = lambda text: None,
    ) -> None:
        """`longest` is the maximum number of characters; `refuse` returns what is wrong with an answer, or None.

        `optional` allows an empty answer, and `integer` only integers.
        """
        super().__init__()
        self.longest = longest
        self.refuse = refuse
        self.question = question
        self.value = value
        self.placeholder = placeholder
        self.optional = optional
        self.integer = integer

    def compose(self) -> ComposeResult:
        """Question, field, hint."""
        with Vertical(classes="dialog"):
            yield Static(self.question, classes="question", markup=False)
            # A number is selected, so that typing replaces it; a text is not, so that typing extends it.
            yield Input(
                self.value,
                placeholder=self.placeholder,
                type="integer" if self.integer else "text",
                select_on_focus=self.integer,
                max_length=self.longest,
                id="answer",
            )
            yield Static(_HINT, classes="hint", id="ask-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the answer, or show what is wrong with it."""
        text = event.value.strip()
        wrong = self.refuse(text) if text or self.optional else "nothing is written yet"
        if wrong is not None:
            self.query_one("#ask-hint", Static).update(Content(f"✗ {wrong}"))
        else:
            self.dismiss(text)

    def on_input_changed(self) -> None:
        """Remove the message about the previous answer."""
        self.query_one("#ask-hint", Static).update(_HINT)


class Confirm(ModalScreen[bool]):
    """A question with yes and no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "Yes", id="confirm.yes", tooltip="Confirm"),
        Binding("n,escape", "dismiss(False)", "No", id="confirm.no", tooltip="Close without a change"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """Question and hint."""
        with Vertical(classes="dialog"):
            yield Static(self.question, classes="question", markup=False)
            yield Static("y, Enter: yes · n, Esc: no", classes="hint")
