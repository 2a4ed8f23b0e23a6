"""The list of a layer's neurons: their names, and what the bank and earlier runs say about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from textual.message import Message

from line_tui.layers import LayerInfo
from line_tui.store import RunSummary
from line_tui.tui.formatting import number
from line_tui.tui.neuron_overview import NeuronOverview
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.rows import Column, Row, Rows

_NEVER = 1_000_000
COLUMNS = (
    Column("#", 5, right=True),
    Column("name", middle=True),
    Column("best in bank", needs=20),
    Column("MAD", 5, right=True, needs=36),
    Column("label found", 16, needs=60),
    Column("score", 6, right=True, needs=60),
)
UNNAMED = (COLUMNS[0], replace(COLUMNS[1], needs=_NEVER), *COLUMNS[2:4], replace(COLUMNS[4], width=0), COLUMNS[5])
"""Columns for layers without names, which leave more room for words and labels."""
ORDERS = ("number", "name", "best in bank", "selectivity", "label found", "score")
_LAST = "\uffff"
"""Sorts neurons without a value last."""


class NeuronTable(Rows):
    """A row for each neuron, in one of several orders."""

    class Reordered(Message):
        """The order has changed because a column was hidden."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(COLUMNS, title="Neuron", id=id)
        self.order = 0
        self.marked: set[int] = set()
        """Neurons marked for the queue."""

    def next_order(self) -> None:
        """Sort by the next visible column."""
        shown = [n for n, column in enumerate(self.columns) if self.has_room_for(column)]
        self.order = next((n for n in shown if n > self.order), 0)

    def on_resize(self) -> None:
        """If the column that sorts is hidden now, sort by number."""
        if not self.has_room_for(self.columns[self.order]):
            self.order = 0
            self.post_message(self.Reordered())

    def show_layer(
        self, layer: LayerInfo, labels: Mapping[int, RunSummary], bank: Sequence[NeuronOverview] | None, query: str
    ) -> None:
        """Show the neurons whose number starts with `query`, or whose name, best word or label contains it."""
        query = query.strip().lower()
        self.columns = COLUMNS if any(layer.names) else UNNAMED
        if not self.has_room_for(self.columns[self.order]):
            self.order = 0
        entries: list[tuple[Any, Row]] = []
        for index in range(layer.neurons):
            name = layer.names[index] if index < len(layer.names) else ""
            overview = bank[index] if bank is not None and index < len(bank) else None
            entry = _entry(index, name, overview, labels.get(index), self.order, index in self.marked)
            word = (overview.flat or overview.concept) if overview else ""
            texts = (name, word, (labels[index].label or "") if index in labels else "")
            if str(index).startswith(query) or any(query in text.lower() for text in texts):
                entries.append(entry)
        self.show([row for _, row in sorted(entries, key=lambda entry: entry[0])], empty="No neuron has this name.")
        remarks = (
            f"{len(self.marked)} marked" if self.marked else "",
            f"by {ORDERS[self.order]}" if self.order else "",
            f"/{query}" if query else "",
        )
        set_titles(self, f"Neuron · {len(labels)} of {layer.neurons} explained", " · ".join(filter(None, remarks)))


def _entry(
    index: int, name: str, overview: NeuronOverview | None, run: RunSummary | None, order: int, marked: bool
) -> tuple[Any, Row]:
    flat = overview.flat if overview is not None else ""
    best = flat or (overview.concept if overview is not None else "")
    mad = overview.mad if overview is not None and not flat else None
    label = run.label if run is not None and run.label else ""
    outcome = label or ("no concept" if run is not None else "")
    score = run.score if run is not None else None
    keys = (index, name or _LAST, best or _LAST, -(mad or 0), label or _LAST, -(score or 0))
    cells = (
        [("◆ " if marked else "", "accent"), (str(index), "")],
        name,
        best,
        "" if mad is None else f"{mad:.1f}",
        [(outcome, "accent" if label else "dim")],
        "" if score is None else number(score),
    )
    return (keys[order], index), Row(str(index), cells, "dim" if flat else "")
