"""Judging a run: its label with the interval, senses, minimal pairs, the top pictures, and the whole history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from line_tui import events as e
from line_tui.errors import LineError
from line_tui.explain.pairs import visibility
from line_tui.explain.state import RunState
from line_tui.tui import view
from line_tui.tui.command_line import command_line
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.screens.dialogs import Ask
from line_tui.tui.session import Snapshot
from line_tui.tui.widgets.findings import cost, headline, sides, top_images, verified
from line_tui.tui.widgets.frame import name_frame
from line_tui.tui.widgets.histogram import HistogramPane
from line_tui.tui.widgets.rows import Rows
from line_tui.tui.widgets.thumbnails import Shown, Thumbnails
from line_tui.tui.widgets.timeline import COLUMNS, rows
from line_tui.tui.wording import number


class ResultScreen(LineScreen):
    """One page to scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "picture(-1)", "Picture left", id="result.left", tooltip="The picture to the left", show=False),
        Binding(
            "right", "picture(1)", "Picture right", id="result.right", tooltip="The picture to the right", show=False
        ),
        Binding("v", "large", "View", id="result.view", tooltip="The top picture at the cursor, in large"),
        Binding("h", "heat", "Heat", id="result.heat", tooltip="Where the neuron fires, over the pictures"),
        Binding("asterisk", "star", "Star", id="result.star", tooltip="Star the run, or take the star away"),
        Binding("N", "note", "Note", id="result.note", tooltip="Write a note on the run"),
        Binding("E", "export", "Export", id="result.export", tooltip="HTML, JSON, CSV, pictures"),
        Binding("y", "replay", "Replay", id="result.replay", tooltip="Play the run again, without any model"),
    ]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.heat = False

    @property
    def state(self) -> RunState:
        """The run."""
        return self.snapshot.state

    def body(self) -> Iterable[Widget]:
        """Sections, the most telling first."""
        state = self.state
        with VerticalScroll(id="page"):
            yield Static(headline(state), id="headline")
            yield Static(id="facts")
            yield Thumbnails(id="top")
            for n, sense in enumerate(state.senses):
                yield Static(_sense(n, sense), classes="heading")
                yield _strip(state, view.shown_images(state.trials.get(sense.trial)), f"sense-{n}", sense.label)
            for n, pair in enumerate(state.pairs):
                yield Static(_pair(pair), classes="heading")
                with Horizontal(classes="pair"):
                    yield _strip(state, sides(pair, before=True), f"pair-{n}-before", pair.concept)
                    yield _strip(state, sides(pair, before=False), f"pair-{n}-after", _variant(pair))
            yield HistogramPane(id="histogram")
            yield Rows(COLUMNS, title="History", empty="Nothing happened.", id="history")

    def on_mount(self) -> None:
        """Fill what needs the app."""
        state = self.state
        spec = state.spec
        self.title_bar.show(spec.model, spec.layer, str(spec.neuron), "result", note=self.line.known.neuron_name(spec))
        self._show_top()
        history = self.query_one("#history", Rows)
        history.show(rows(state))
        history.styles.height = min(30, len(history.rows) + 3)
        self.show_facts()
        top = view.best(state)
        activations = [image.activation for image in view.shown_images(top.trial)] if top else []
        self.query_one(HistogramPane).show(state.control, activations, top.concept if top else "")
        self.set_focus(self.query_one("#page"))

    def show_facts(self) -> None:
        """Note, star, cost and command of the run."""
        try:
            run = self.line.store.run(self.snapshot.run_id)
        except LineError:
            run = None
        parts: list[tuple[str, str] | str] = [(cost(self.state), "$text-muted")]
        if run is not None and (run.note or run.starred):
            parts += [("\n★ " if run.starred else "\n", "$accent"), run.note]
        parts.append((f"\n$ {command_line(self.state.spec)}", "$text-muted"))
        self.query_one("#facts", Static).update(Content.assemble(*parts))

    def _show_top(self) -> None:
        images = top_images(self.state)
        low, high = view.activation_range(self.state)
        top = self.query_one("#top", Thumbnails)
        top.show(Shown(images, 0, low, high, self.heat, self.line.images != "off"), "Top pictures")
        name_frame(top, subtitle=top.prompt)

    def topics(self) -> Iterable[tuple[str, str]]:
        """What the result claims and what it does not."""
        yield (
            "The score",
            "A verified label is measured on pictures drawn for that alone, with fresh seeds. The interval is for "
            "the share of control pictures that a picture of the concept beats. A score of the search is the highest "
            "of many noisy ones: it is too high by nature.",
        )
        yield (
            "Senses",
            "High-scoring concepts that mean different things. A neuron that answers to several has several senses.",
        )
        yield (
            "Minimal pairs",
            "The same seeds with one word changed or dropped. What the neuron loses is what that word was worth.",
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what does not apply to this run."""
        if action not in ("picture", "large", "heat"):
            return True
        top = self.query_one("#top", Thumbnails) if self.query("#top") else None
        return top is not None and top.at_cursor is not None and (action != "heat" or top.has_maps)

    def action_picture(self, by: int) -> None:
        """Put the cursor on another of the top pictures."""
        self.query_one("#top", Thumbnails).move(by)
        self._show_top()

    def action_large(self) -> None:
        """The picture in large."""
        top = self.query_one("#top", Thumbnails)
        if top.at_cursor is not None:
            self.line.show_picture(list(top.shown.images), top.cursor, self.state)

    @on(Thumbnails.Picked)
    def _picked(self, event: Thumbnails.Picked) -> None:
        self.query_one("#top", Thumbnails).put(event.index)
        self._show_top()

    def action_heat(self) -> None:
        """Where the neuron fires, where the layer can tell."""
        self.heat = not self.heat
        self._show_top()

    def action_star(self) -> None:
        """Star the run, or take the star away."""
        try:
            run = self.line.store.run(self.snapshot.run_id)
            self.line.store.star(run.id, not run.starred)
        except LineError as error:
            self.notify(str(error), severity="error")
        self.show_facts()

    def action_note(self) -> None:
        """Write a note on the run."""
        try:
            before = self.line.store.run(self.snapshot.run_id).note
        except LineError as error:
            self.notify(str(error), severity="error")
            return
        self.app.push_screen(Ask("Note on this run:", value=before, optional=True), self._keep_note)

    def _keep_note(self, text: str | None) -> None:
        if text is not None:
            try:
                self.line.store.annotate(self.snapshot.run_id, text)
            except LineError as error:
                self.notify(str(error), severity="error")
            self.show_facts()

    def action_export(self) -> None:
        """Write the run as a page, data, or pictures."""
        self.line.export(self.snapshot.run_id)

    def action_replay(self) -> None:
        """Play the run again."""
        self.line.play(self.snapshot.run_id)


def _strip(state: RunState, images: Iterable[e.ImageScored], id: str, title: str) -> Thumbnails:
    strip = Thumbnails(id=id)
    low, high = view.activation_range(state)
    strip.add_class("small")
    strip.show(Shown(tuple(images), 0, low, high), title)
    return strip


def _sense(n: int, sense: e.SenseFound) -> Content:
    parts: list[Content | str | tuple[str, str]] = [(f"Sense {n + 1}  ", "bold $primary"), (sense.label, "bold")]
    others = [concept for concept in sense.concepts if concept != sense.label]
    if others:
        parts.append((f"  also {', '.join(others[:6])}", "$text-muted"))
    share = "" if sense.share is None else f"  accounts for {sense.share:.0%} of the strong responses"
    parts.append((f"{share}\n", "$text-muted"))
    if sense.score is not None:
        parts += verified(sense.score)
    return Content.assemble(*parts)


def _variant(pair: e.MinimalPairMeasured) -> str:
    # A label of one word without that word.
    return pair.variant or "no word at all"


def _pair(pair: e.MinimalPairMeasured) -> Content:
    return Content.assemble(
        ("Minimal pair  ", "bold $primary"),
        (pair.concept, "bold"),
        (" against ", "$text-muted"),
        (_variant(pair), "bold"),
        (f"   loses {pair.lost:.0%}  p {number(pair.p_value)}  {visibility(pair.told_apart)}", "$text-muted"),
    )
