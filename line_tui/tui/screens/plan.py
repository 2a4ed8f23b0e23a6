"""The dialog with a run's options: models, search, budget, seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, get_args

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.validation import Integer
from textual.widget import Widget
from textual.widgets import Input, Label, Select, Static

from line_tui.events import Metric, RunSpec
from line_tui.explain import strategies
from line_tui.tui.formatting import METRICS

_NUMBERS = {"iterations": (1, 1000), "images": (1, 100), "seed": (0, 2**31 - 1)}


class Plan(ModalScreen[RunSpec | None]):
    """A form with the run's options, which it returns as a spec."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="plan.cancel", tooltip="Close without a change"),
        Binding("ctrl+s", "keep", "Keep", id="plan.keep", tooltip="Use these settings"),
    ]

    def __init__(self, spec: RunSpec, profiles: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.spec = spec
        self.profiles = profiles

    def compose(self) -> ComposeResult:
        """One line for each setting."""
        spec = self.spec
        with Vertical(classes="dialog wide"):
            yield Static("How to look for the label", classes="question")
            with Grid(classes="form"):
                yield Label("models")
                names = [(Content(f"{name}  {about}".strip()), name) for name, about in self.profiles]
                yield Select(names, value=spec.profile, allow_blank=False, id="profile", compact=True)
                yield Label("search")
                searches = [(f"{each.name}: {each.title}", each.name) for each in strategies.usable()]
                yield Select(searches, value=spec.strategy, allow_blank=False, id="strategy", compact=True)
                yield Label("score")
                metrics = [(METRICS[name], name) for name in get_args(Metric)]
                yield Select(metrics, value=spec.metric, allow_blank=False, id="metric", compact=True)
                for name, (low, high) in _NUMBERS.items():
                    yield Label(name if name != "images" else "pictures each")
                    check = Integer(low, high, failure_description=f"{name}: {low} to {high}")
                    yield Input(str(getattr(spec, name)), type="integer", validators=[check], id=name, compact=True)
                yield Label("control set")
                folder = "a folder of your own pictures, or empty for drawn ones"
                yield Input(spec.control or "", placeholder=folder, select_on_focus=False, id="control", compact=True)
                yield Label("ask me first")
                modes = [("never: the run draws by itself", False), ("before each proposal is drawn", True)]
                yield Select(modes, value=spec.ask_first, allow_blank=False, id="ask-first", compact=True)
            yield Static(
                "Ctrl+S saves, and Enter in a field · Tab moves on · Esc cancels", classes="hint", id="plan-hint"
            )

    def on_select_changed(self, event: Select.Changed) -> None:
        """If the chosen search does not support the metric, select one that it does."""
        metric = self.query_one("#metric", Select)
        if event.select.id == "strategy" and metric.value not in (can := strategies.find(str(event.value)).metrics):
            metric.value = can[0]

    def on_input_submitted(self) -> None:
        """Enter in a field saves the form."""
        self.action_keep()

    def action_keep(self) -> None:
        """Return the options, or show which one is wrong."""
        numbers: dict[str, int] = {}
        for name in _NUMBERS:
            field = self.query_one(f"#{name}", Input)
            result = field.validate(field.value)
            if result is None or not result.is_valid:
                self._refuse(field, result.failure_descriptions[0] if result else name)
                return
            numbers[name] = int(field.value)
        strategy = str(self.query_one("#strategy", Select).value)
        control = self.query_one("#control", Input)
        folder = Path(control.value.strip()).expanduser().resolve() if control.value.strip() else None
        if folder is not None and not folder.is_dir():
            self._refuse(control, "control set: no such folder")
            return
        metric = self.query_one("#metric", Select).value
        if metric not in strategies.find(strategy).metrics:
            can = " or ".join(METRICS[name] for name in strategies.find(strategy).metrics)
            self._refuse(self.query_one("#metric", Select), f"score: the {strategy} search raises {can}")
            return
        self.dismiss(
            msgspec.structs.replace(
                self.spec,
                profile=self.query_one("#profile", Select).value,
                strategy=strategy,
                metric=metric,
                ask_first=self.query_one("#ask-first", Select).value,
                control=str(folder) if folder is not None else None,
                **numbers,
            )
        )

    def _refuse(self, field: Widget, reason: str) -> None:
        self.query_one("#plan-hint", Static).update(Content(f"✗ {reason}"))
        field.focus()
