"""The tour that is shown at the first start."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

STEPS = (
    (
        "Choose",
        "A vision model is a stack of layers, and a layer is a row of neurons. Enter goes to the right, / filters a "
        "list, and Enter on a neuron finds out what it responds to.",
    ),
    (
        "Watch",
        "A language model proposes a concept, a text-to-image model draws it, and the number and the bar under each "
        "picture show how strongly the neuron responds. The pool keeps the best concepts.",
    ),
    (
        "Steer",
        "a accepts, x rejects, e edits, n adds a concept of your own, and u undoes your last decision. m makes the run"
        " ask you before it draws. Space pauses it.",
    ),
    (
        "Judge and keep",
        "r shows the result, l lists all runs, and y replays one. ? explains the current screen, and Ctrl+P finds "
        "every command by name.",
    ),
)


class Tour(ModalScreen[None]):
    """Shows one step at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right", "go(1)", "Next", id="tour.next", tooltip="Go to the next step"),
        Binding("left", "go(-1)", "Before", id="tour.before", tooltip="Go to the previous step"),
        Binding("escape,q", "dismiss", "Skip", id="tour.skip", tooltip="Skip the tour"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.step = 0

    def compose(self) -> ComposeResult:
        """The step's text, and the keys."""
        with Vertical(classes="dialog"):
            yield Static(id="step")
            yield Static(id="way", classes="hint")

    def on_mount(self) -> None:
        """Start at the first step."""
        self.show_step()

    def show_step(self) -> None:
        """Show the current step."""
        heading, text = STEPS[self.step]
        self.query_one("#step", Static).update(Content.assemble((heading, "bold $accent"), "\n\n", text))
        dots = " ".join("●" if n == self.step else "○" for n in range(len(STEPS)))
        last = self.step == len(STEPS) - 1
        self.query_one("#way", Static).update(
            f"{dots}   Enter {'starts' if last else 'continues'} · Esc skips the tour"
        )

    def action_go(self, by: int) -> None:
        """Go to another step; the tour ends after the last."""
        self.step = max(0, self.step + by)
        if self.step < len(STEPS):
            self.show_step()
        else:
            self.dismiss(None)
