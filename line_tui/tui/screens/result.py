"""The result of a run: label with interval, top pictures, senses, minimal pairs, histogram and history."""

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
from line_tui.explain.minimal_pairs import visibility
from line_tui.explain.state import RunState, Trial, kept_pairs, kept_senses, verdict
from line_tui.report.findings_text import argument, percent
from line_tui.report.reproduction import command_line
from line_tui.tui import view
from line_tui.tui.formatting import number
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.screens.dialogs import Ask
from line_tui.tui.screens.run_help import SCORES
from line_tui.tui.session import Snapshot, advance
from line_tui.tui.widgets.findings import cost, headline, sides, top_images, verified
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.histogram import HistogramPane
from line_tui.tui.widgets.rows import Rows
from line_tui.tui.widgets.thumbnails import PictureGrid, StripContent, Thumbnails
from line_tui.tui.widgets.timeline import COLUMNS, rows


class ResultScreen(LineScreen):
    """One page to scroll."""

    # The bottom line shows as many of these as fit, so the last ones are missing in a narrow terminal.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left", "picture(-1)", "Picture left", id="result.left", tooltip="Go to the picture on the left", show=False
        ),
        Binding(
            "right",
            "picture(1)",
            "Picture right",
            id="result.right",
            tooltip="Go to the picture on the right",
            show=False,
        ),
        Binding(
            "1", "judge('right')", "Right", id="result.right-label", tooltip="Judge the label right; again to undo"
        ),
        Binding("2", "judge('too narrow')", "Narrow", id="result.too-narrow", tooltip="Judge the label too narrow"),
        Binding("3", "judge('wrong')", "Wrong", id="result.wrong", tooltip="Judge the label wrong"),
        Binding("E", "export", "Export", id="result.export", tooltip="Export as HTML, JSON, CSV or pictures"),
        Binding("full_stop", "neuron(1)", "Next", id="result.next", tooltip="Go to the next neuron of the layer"),
        Binding("comma", "neuron(-1)", "Before", id="result.before", tooltip="Go to the previous neuron", show=False),
        Binding("plus", "go_on", "10 more", id="result.go-on", tooltip="Run ten more iterations"),
        Binding(
            "V",
            "verify",
            "Verify",
            id="result.verify",
            tooltip="Measure the concept at the cursor in place of the label",
        ),
        Binding("v", "large", "View", id="result.view", tooltip="Enlarge the picture at the cursor"),
        Binding("h", "heat", "Heat", id="result.heat", tooltip="Show where the neuron fires"),
        Binding("y", "replay", "Replay", id="result.replay", tooltip="Replay the run, without any model"),
        Binding("N", "note", "Note", id="result.note", tooltip="Write a note about the run"),
        Binding("asterisk", "star", "Star", id="result.star", tooltip="Star or unstar the run"),
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
        """The sections, most important first."""
        state = self.state
        with VerticalScroll(id="page"):
            yield Static(id="headline")
            yield Static(id="argument")
            yield Thumbnails(id="top", has_cursor=True)
            yield Static(id="facts")
            senses = kept_senses(state)
            for n, sense in enumerate(senses if len(senses) > 1 else ()):
                yield Static(_sense(n, sense), classes="heading")
                yield from _fresh(state, sense.trial, f"sense-{n}")
            if len(senses) <= 1 and state.outcome is not None:
                yield from _fresh(state, state.outcome.trial or "", "fresh")
            for n, pair in enumerate(kept_pairs(state)):
                yield Static(_pair(pair), classes="heading")
                with Horizontal(classes="pair"):
                    yield _strip(state, sides(pair, before=True), f"pair-{n}-before", pair.concept)
                    yield _strip(state, sides(pair, before=False), f"pair-{n}-after", _variant(pair))
            yield HistogramPane(id="histogram")
            yield Rows(COLUMNS, title="History", empty="Nothing happened.", id="history")

    def on_mount(self) -> None:
        """Fill the sections that need the app."""
        state = self.state
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
        """Show title, headline, argument, cost, note and command, which a judgement or a note may change."""
        try:
            run = self.line.store.run(self.snapshot.run_id)
        except LineError:
            run = None
        spec = self.state.spec
        self.title_bar.show(
            spec.model,
            spec.layer,
            str(spec.neuron),
            "result",
            note=self.line.model_cache.name_of(spec),
            right="★" if run is not None and run.starred else "",
        )
        sentences = argument(self.state)
        # The argument contains the reason.
        self.query_one("#headline", Static).update(headline(self.state, reason=self.state.explanation is None))
        words = self.query_one("#argument", Static)
        words.display = bool(sentences)
        words.update(Content("\n".join(sentences)))
        parts: list[tuple[str, str] | str] = [(cost(self.state), "$text-muted")]
        if run is not None and run.note:
            parts.append(f"\n{run.note}")
        without = "  (without your decisions)" if self.state.decisions else ""
        parts.append((f"\n$ {command_line(spec)}{without}", "$text-muted"))
        self.query_one("#facts", Static).update(Content.assemble(*parts))

    def _show_top(self) -> None:
        images = top_images(self.state)
        low, high = view.activation_range(self.state)
        top = self.query_one("#top", Thumbnails)
        mean = view.control_mean(self.state)
        pictures = self.line.images != "off"
        shown = StripContent(images, 0, low, high, self.heat, pictures, mean=mean, kitty=self.line.kitty, names=True)
        top.show(shown, "Strongest pictures of the run")
        set_titles(top, subtitle=top.prompt)

    def topics(self) -> Iterable[tuple[str, str]]:
        """What the result claims and what it does not."""
        yield (
            "The score",
            "A verified label is measured on pictures drawn for this purpose alone, with fresh seeds. The interval is "
            "for the share of control pictures that a picture of the concept beats. A score from the search is the "
            "highest of many noisy ones, and therefore too high. The mark ╎ on a bar is the control's mean.",
        )
        yield (
            "Share",
            "How much of the neuron's strong responses on the control set a concept accounts for, beyond the concepts "
            "before it. What no concept accounts for is left unexplained.",
        )
        yield (
            "Your judgement",
            "1 is right, 2 too narrow, 3 wrong. It is stored with the run, exported, and counted in the list of runs. "
            "The same key again removes it.",
        )
        yield (
            "Senses",
            "High-scoring concepts that mean different things. A neuron that responds to several has several senses.",
        )
        yield (
            "Fresh",
            "Drawn with seeds that the search never used, only for the score. The pictures that a label was chosen by "
            "would overrate it.",
        )
        yield (
            "p",
            "How often pictures that have nothing to do with the concept would do as well by chance. Below 0.05, "
            "chance is a poor explanation. For random directions: how many meaningless directions of the layer some "
            "word explains as well.",
        )
        yield (
            "An estimate at the edge of its interval",
            "AUC cannot be above 1. An estimate of 1 therefore has its whole interval below it: with 50 pictures, all "
            "of which win, the true share may still be a little lower.",
        )
        yield from SCORES
        yield (
            "Minimal pairs",
            "The same seeds with one word changed or dropped. What the neuron loses is what that word was worth; more "
            "than 100% means that the pictures without it drive the neuron less than the control set does. The "
            "layer's other neurons judge how often the change can be seen: 50% is chance, and a pair that they cannot"
            " tell apart says nothing about the word.",
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that do not apply to this run."""
        if action == "judge":
            return self.state.outcome is not None
        if action == "verify":
            return self._other_concept() is not None
        if action == "neuron":
            spec = self.state.spec
            return self.line.model_cache.has_neuron(
                spec.model, spec.layer, spec.neuron + (1 if parameters == (1,) else -1)
            )
        if action == "go_on":
            return self.state.outcome is not None and bool(self.state.trials)
        if action not in ("picture", "large", "heat"):
            return True
        top = self.query_one("#top", Thumbnails) if self.query("#top") else None
        return top is not None and top.at_cursor is not None and (action != "heat" or top.has_maps)

    def action_picture(self, by: int) -> None:
        """Move the cursor in the top pictures."""
        top = self.query_one("#top", Thumbnails)
        top.put(top.cursor + by)
        self._show_top()
        self.refresh_keys()

    def action_large(self) -> None:
        """Open the large view."""
        top = self.query_one("#top", Thumbnails)
        if top.at_cursor is not None:
            self.line.show_picture(list(top.shown.images), top.cursor, self.state)

    @on(Thumbnails.Picked)
    def _picked(self, event: Thumbnails.Picked) -> None:
        if event.pictures.id == "top":
            event.pictures.put(event.index)
            self._show_top()
        else:
            self.line.show_picture(list(event.pictures.shown.images), event.index, self.state)

    def action_judge(self, judgement: e.Judgement) -> None:
        """Judge the label; the same judgement again takes it back."""
        before = self.state.judged.judgement if self.state.judged is not None else None
        label = self.state.outcome.label if self.state.outcome is not None else None
        event = e.Judged(judgement=None if before == judgement else judgement, label=label)

        def judge() -> None:
            self.snapshot = advance(self.snapshot, self.line.store.append(self.snapshot.run_id, event))

        if self.safely(judge):
            self.show_facts()
            # The judgement is shown at the top, beside the label.
            self.query_one("#page").scroll_home(animate=False)

    def action_neuron(self, by: int) -> None:
        """Go to the result of the neuron `by` places on; if it has none, choose that neuron."""
        self.line.show_neuron(self.state.spec, by)

    def _other_concept(self) -> Trial | None:
        """The trial at the cursor, in the history or the pictures, if it can be verified in place of the label."""
        state, history = self.state, self.query("#history")
        if state.outcome is None or state.spec.strategy == "published" or not history:
            return None
        rows, image = history.first(Rows), self.query_one("#top", Thumbnails).at_cursor
        key = rows.key if rows.has_focus else image.trial if image is not None else None
        trial = state.trials.get(key or "")
        usable = trial is not None and trial.id != state.outcome.trial and verdict(state, trial) != "rejected"
        return trial if usable else None

    def action_verify(self) -> None:
        """Measure another concept in place of the label."""
        if (trial := self._other_concept()) is not None:
            self.line.go_on(self.snapshot.run_id, verify=trial.id)

    def action_go_on(self) -> None:
        """Continue for ten more iterations."""
        self.line.go_on(self.snapshot.run_id)

    def action_heat(self) -> None:
        """Turn the heat map on or off."""
        self.heat = not self.heat
        self._show_top()

    def action_star(self) -> None:
        """Star or unstar the run."""
        store, run_id = self.line.store, self.snapshot.run_id
        self.safely(lambda: store.star(run_id, not store.run(run_id).starred))
        self.show_facts()

    def action_note(self) -> None:
        """Write a note on the run."""
        try:
            before = self.line.store.run(self.snapshot.run_id).note
        except LineError as error:
            self.notify(str(error), severity="error")
            return
        self.app.push_screen(Ask("Note about this run:", value=before, optional=True), self._keep_note)

    def _keep_note(self, text: str | None) -> None:
        if text is not None:
            self.safely(lambda: self.line.store.annotate(self.snapshot.run_id, text))
            self.show_facts()

    def action_export(self) -> None:
        """Export the run as a page, data, or pictures."""
        self.line.export(self.snapshot.run_id)

    def action_replay(self) -> None:
        """Replay the run."""
        self.line.play(self.snapshot.run_id)


def _fresh(state: RunState, id: str, name: str) -> Iterable[Widget]:
    """All pictures drawn for a concept's reported score, in the order drawn."""
    trial = state.trials.get(id)
    images = tuple(sorted(trial.images_for("report"), key=lambda image: image.index)) if trial is not None else ()
    if trial is None or not images:
        return
    low, high = view.activation_range(state)
    yield Static(Content(f"{len(images)} fresh pictures of “{trial.concept}”, in the order drawn"), classes="heading")
    grid = PictureGrid(id=name)
    grid.show(StripContent(images, 0, low, high, mean=view.control_mean(state)), "")
    yield grid


def _strip(state: RunState, images: Iterable[e.ImageScored], id: str, title: str) -> Thumbnails:
    strip = Thumbnails(id=id)
    low, high = view.activation_range(state)
    strip.add_class("small")
    strip.show(StripContent(tuple(images), 0, low, high, mean=view.control_mean(state)), title)
    return strip


def _sense(n: int, sense: e.SenseFound) -> Content:
    parts: list[Content | str | tuple[str, str]] = [(f"Sense {n + 1}  ", "bold $primary"), (sense.label, "bold")]
    others = [concept for concept in sense.concepts if concept != sense.label]
    if others:
        parts.append((f"  also {', '.join(others[:6])}", "$text-muted"))
    share = "" if sense.share is None else f"  accounts for {percent(sense.share)} of the strong responses"
    parts.append((f"{share}\n", "$text-muted"))
    if sense.score is not None:
        parts += verified(sense.score)
    return Content.assemble(*parts)


def _variant(pair: e.MinimalPairMeasured) -> str:
    # Empty if the dropped word was the whole label.
    return pair.variant or "no word"


def _pair(pair: e.MinimalPairMeasured) -> Content:
    return Content.assemble(
        ("Minimal pair  ", "bold $primary"),
        (pair.concept, "bold"),
        (" against ", "$text-muted"),
        (_variant(pair), "bold"),
        (
            f"   loses {percent(pair.relative_drop)}  p {number(pair.p_value)}  {visibility(pair.discriminability)}",
            "$text-muted",
        ),
    )
