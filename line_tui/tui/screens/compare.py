"""Two runs side by side: their results, and the concepts that they tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from line_tui.explain.state import RunState, concept_of
from line_tui.tui import view
from line_tui.tui.formatting import number, share
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.session import Snapshot
from line_tui.tui.widgets.curve import CurvePane
from line_tui.tui.widgets.findings import headline, top_images
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.rows import Column, Row, Rows
from line_tui.tui.widgets.thumbnails import StripContent, Thumbnails


class CompareScreen(LineScreen):
    """Left and right run, and a table of their concepts."""

    def __init__(self, left: Snapshot, right: Snapshot) -> None:
        super().__init__()
        self.sides = {"left": left, "right": right}

    def body(self) -> Iterable[Widget]:
        """Two columns above a table."""
        # One container per row, so that both sides of a row have the same height.
        with Horizontal(id="heads"):
            yield from (Static(id=f"head-{name}", classes="heading") for name in self.sides)
        with Horizontal(id="strips"):
            yield from (Thumbnails(id=f"pictures-{name}") for name in self.sides)
        with Horizontal(id="curves"):
            yield from (CurvePane(id=f"curve-{name}") for name in self.sides)
        yield Rows(
            [
                Column("concept"),
                Column("score left", 11, right=True),
                Column("score right", 11, right=True),
                Column("AUC left", 11, right=True),
                Column("AUC right", 11, right=True),
            ],
            title="Concepts",
            empty="No concept has a score yet.",
            id="both",
        )

    def on_mount(self) -> None:
        """Fill both sides."""
        names = []
        for name, snapshot in self.sides.items():
            state = snapshot.state
            spec = state.spec
            neuron_name = self.line.model_cache.name_of(spec)
            neuron = f"{spec.layer} {spec.neuron} {neuron_name}".rstrip()
            names.append(f"{spec.model} {neuron}")
            low, high = view.activation_range(state)
            pictures = self.query_one(f"#pictures-{name}", Thumbnails)
            pictures.show(StripContent(top_images(state, 5), 0, low, high), neuron)
            set_titles(pictures, subtitle="strongest pictures")
            self.query_one(f"#head-{name}", Static).update(headline(state))
            self.query_one(f"#curve-{name}", CurvePane).show(state)
        self.title_bar.show(" ⇄ ".join(names))
        self.query_one("#both", Rows).show(shared(self.sides["left"].state, self.sides["right"].state))
        self.set_focus(self.query_one("#both"))

    @on(Thumbnails.Picked)
    def _picked(self, event: Thumbnails.Picked) -> None:
        state = self.sides[str(event.pictures.id).removeprefix("pictures-")].state
        self.line.show_picture(list(event.pictures.shown.images), event.index, state)

    def topics(self) -> Iterable[tuple[str, str]]:
        """How to read it."""
        yield (
            "Comparison",
            "Concepts that both runs tried come first. Scores of different neurons have different units; AUCs can be "
            "compared if the control set is the same.",
        )


def shared(left: RunState, right: RunState) -> list[Row]:
    """A row for each scored concept: those of both runs first, then by the higher score."""
    scores = [
        {concept_of(state, trial): trial for trial in state.trials.values() if trial.score is not None}
        for state in (left, right)
    ]
    rows = []
    for concept in dict.fromkeys([*scores[0], *scores[1]]):
        trials = [scores[0].get(concept), scores[1].get(concept)]
        values = [
            view.value(state, trial) if trial else None for state, trial in zip((left, right), trials, strict=True)
        ]
        aucs = [trial.score.auc if trial is not None and trial.score is not None else None for trial in trials]
        both = None not in trials
        top = max(value for value in aucs if value is not None)
        cells = (concept, *map(_given(number), values), *map(_given(share), aucs))
        rows.append((not both, -top, Row(concept, cells, "" if both else "dim")))
    return [row for _, _, row in sorted(rows, key=lambda entry: entry[:2])]


def _given(write: Callable[[float], str]) -> Callable[[float | None], str]:
    return lambda value: "" if value is None else write(value)
