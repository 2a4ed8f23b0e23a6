"""Short questions: one line of text, or yes and no."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Ask(ModalScreen[str | None]):
    """Ask for one line of text; None when the user thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="ask.cancel", tooltip="Leave everything as it is")
    ]

    def __init__(
        self,
        question: str,
        value: str = "",
        placeholder: str = "",
        *,
        optional: bool = False,
        whole: bool = False,
        longest: int = 0,
        refuse: Callable[[str], str | None] = lambda text: None,
    ) -> None:
        """`longest` limits what is typed or pasted; `refuse` says what is wrong with an answer, None for nothing."""
        super().__init__()
        self.longest = longest
        self.refuse = refuse
        self.question = question
        self.value = value
        self.placeholder = placeholder
        self.optional = optional
        self.whole = whole

    def compose(self) -> ComposeResult:
        """Question, field, hint."""
        with Vertical(classes="dialog"):
            yield Static(self.question, classes="question", markup=False)
            # A number is replaced by what is typed, a text is gone on with.
            yield Input(
                self.value,
                placeholder=self.placeholder,
                type="integer" if self.whole else "text",
                select_on_focus=self.whole,
                max_length=self.longest,
                id="answer",
            )
            yield Static("Enter keeps it · Esc leaves everything as it is", classes="hint", id="ask-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the answer back."""
        text = event.value.strip()
        if not text and not self.optional:
            self.app.bell()
        elif (wrong := self.refuse(text)) is not None:
            self.query_one("#ask-hint", Static).update(Content(f"✗ {wrong}"))
        else:
            self.dismiss(text)

    def action_cancel(self) -> None:
        """Give nothing back."""
        self.dismiss(None)


class Confirm(ModalScreen[bool]):
    """A question with yes and no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """Question, hint."""
        with Vertical(classes="dialog"):
            yield Static(self.question, classes="question", markup=False)
            yield Static("y, Enter: yes · n, Esc: no", classes="hint")

    def action_answer(self, yes: bool) -> None:
        """Give the answer back."""
        self.dismiss(yes)
