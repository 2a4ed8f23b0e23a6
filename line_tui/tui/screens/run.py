"""The screen to watch and steer a run, live or replayed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from line_tui import events as e
from line_tui.engine.executor import EngineStatus
from line_tui.errors import LineError
from line_tui.events import RunSpec
from line_tui.explain.state import Control, Trial, concept_of, verdict
from line_tui.tui import view
from line_tui.tui.neuron_overview import NeuronProfile
from line_tui.tui.replay import Player
from line_tui.tui.screens.run_help import topics
from line_tui.tui.screens.steering import Steering
from line_tui.tui.session import Session, Snapshot
from line_tui.tui.widgets.banner import EngineBanner
from line_tui.tui.widgets.curve import CurvePane
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.histogram import HistogramPane
from line_tui.tui.widgets.pool import PoolTable
from line_tui.tui.widgets.proposal import ProposalPane
from line_tui.tui.widgets.rows import Rows
from line_tui.tui.widgets.status import StatusBar
from line_tui.tui.widgets.thumbnails import StripContent, Thumbnails
from line_tui.tui.widgets.timeline import Timeline

FOLLOW_RATE = 2
"""Checks per second for events that another process has stored."""
FRAME_RATE = 10
"""Updates per second, however many events arrive; a key causes one more."""


class RunScreen(Steering):
    """Panes that show an immutable snapshot of the run, which is redrawn when it has changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left", "picture(-1)", "Picture left", id="run.left", tooltip="Go to the picture on the left", show=False
        ),
        Binding(
            "right", "picture(1)", "Picture right", id="run.right", tooltip="Go to the picture on the right", show=False
        ),
        Binding("v", "large", "View", id="run.view", tooltip="Enlarge the picture", show=False),
        Binding("h", "heat", "Heat", id="run.heat", tooltip="Show where the neuron fires", show=False),
        Binding("o", "open", "Open", id="run.open", tooltip="Open the picture's file", show=False),
        Binding("g", "graph", "Graph", id="run.graph", tooltip="Switch between curve and histogram", show=False),
        Binding("t", "timeline", "Timeline", id="run.timeline", tooltip="Switch between pool and timeline", show=False),
        Binding("f", "follow", "Follow", id="run.follow", tooltip="Follow what is being drawn", show=False),
        Binding("r", "result", "Result", id="run.result", tooltip="Show the result of the run"),
        Binding("l", "app.runs", "Runs", id="run.runs", tooltip="List all runs", show=False),
        Binding("L", "app.log", "Log", id="run.log", tooltip="Show the engine's log", show=False),
    ]

    def __init__(self, source: Session | Player) -> None:
        super().__init__()
        self.source = source
        self.snapshot: Snapshot = source.snapshot
        self.heat = False
        self.chosen: str | None = None
        """The row of the pool or timeline that the user has selected; None to follow the run."""
        self._drawn: tuple[object, ...] = ()
        self._frames = 0
        self._followed = False
        # Kept as attributes, because queries took a seventh of the time to handle a key.
        self.banner = EngineBanner(id="banner")
        self.proposal = ProposalPane(id="proposal")
        self.curve = CurvePane(id="curve")
        self.histogram = HistogramPane(id="histogram", classes="behind")
        self.pool = PoolTable(id="pool")
        self.timeline = Timeline(id="timeline", classes="behind")
        self.pictures = Thumbnails(id="pictures", has_cursor=True)
        self.status_bar = StatusBar(id="status")

    def body(self) -> Iterable[Widget]:
        """The panes."""
        yield self.banner
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield self.proposal
                yield self.curve
                yield self.histogram
            yield self.pool
            yield self.timeline
        yield self.pictures
        yield self.status_bar

    def on_mount(self) -> None:
        """Request what the panes need, and start to update."""
        self.set_focus(self.pool)
        known = self.line.model_cache
        known.ask_for_bank_pictures(self.line.store.images)
        if (spec := self._spec()) is not None:
            known.ask_for_profile(spec.model, spec.layer, spec.neuron)
        self.set_interval(1 / FRAME_RATE, self.next_frame)
        self.call_after_refresh(self.update_panes)

    def on_resize(self) -> None:
        """Redraw, because the texts depend on the size."""
        self._drawn = ()

    # -- drawing ---

    def next_frame(self) -> None:
        """Update again, unless the terminal is still busy with the last frame."""
        if isinstance(self.source, Player):
            self.source.tick(1 / FRAME_RATE)
        else:
            self._follow(self.source)
        if not self.line.backpressure.behind:
            self.update_panes()

    def _follow(self, session: Session) -> None:
        """Read the events that another process has stored, `FOLLOW_RATE` times a second."""
        self._frames += 1
        if self._frames % (FRAME_RATE // FOLLOW_RATE) or not self.snapshot.active:
            return
        self.elsewhere = self.line.controller.is_elsewhere(session.run_id)
        if self.elsewhere or self._followed:
            # Once more after it has ended, for its last events.
            self._followed = self.elsewhere
            try:
                session.follow()
            except LineError as error:
                self.notify(str(error), title="The run cannot be read", severity="error", timeout=10)

    def update_panes(self) -> None:
        """Draw the run as it is now, if anything changed."""
        snapshot = self.source.snapshot
        inputs = (
            snapshot.version,
            self.line.engine.status,
            self.line.controller.is_working_on(self.source.run_id),
            self.line.controller.paused,
            self.elsewhere,
            self.chosen,
            self.heat,
            self.focused,
            self._playing(),
            self.size,
            self.line.model_cache.bank_pictures is None,
            self._profile(),
        )
        if inputs == self._drawn or not self.is_current:
            return
        self._drawn = inputs
        self.snapshot = snapshot
        self.draw()
        self.call_after_refresh(self.line.backpressure.frame_written)

    def _redraw(self) -> None:
        self._drawn = ()
        self.update_panes()

    def draw(self) -> None:
        """Pass the snapshot to every pane."""
        snapshot, state = self.snapshot, self.snapshot.state
        spec = self._spec()
        if spec is not None:
            ask_first = state.ask_first if state.run is not None else spec.ask_first
            mode = f"{'ask first' if ask_first else 'automatic'} · seed {spec.seed}"
            self.title_bar.show(
                spec.model, spec.layer, str(spec.neuron), note=self.line.model_cache.name_of(spec), right=mode
            )
        status = self.line.engine.status if self.live else EngineStatus()
        self.banner.show(status)
        self.proposal.show(snapshot, self.target())
        pool = self.pool
        if state.control is None and spec is not None:
            # Until the control set is measured, show what the bank knows.
            pool.expect(self._profile())
        pool.show_state(state)
        self.timeline.show_state(state)
        self.curve.show(state)
        trial = self.shown_trial()
        # Keep the row visible that the keys apply to; once there is a result, that of the label.
        meant = trial if state.outcome is not None else self.target()
        for table in (pool, self.timeline):
            if meant is not None and (self.chosen is None or table is not self.focused):
                table.go_to(meant.id)
        profile, histogram = self._profile(), self.histogram
        if state.control is None and profile is not None and profile.words:
            histogram.show(Control("", [], [list(profile.control)]), profile.of_best, profile.words[0][0])
        else:
            activations = [image.activation for image in self._images_of(trial)]
            histogram.show(state.control, activations, concept_of(state, trial) if trial else "")
        self._draw_pictures(trial)
        off = "✗ engine stopped" if status.state == "dead" else "◌ interrupted"
        working = self.live and self.line.controller.is_working_on(self.source.run_id)
        # The last stored event, such as `Stopped`, is from before it was resumed.
        resuming = working and state.outcome is None and not snapshot.active
        if not self.live or working:
            off = ""
        elif self.elsewhere:
            off = "◍ run by another process"
        paused = self.line.controller.paused and self.live
        self.status_bar.show(snapshot, paused, self._playing(), off, resuming)
        self.refresh_keys()

    def _draw_pictures(self, trial: Trial | None) -> None:
        state = self.snapshot.state
        profile = self._profile()
        if trial is None and profile is not None and profile.strongest:
            # Until the first picture is drawn, show those of the bank.
            known = StripContent(profile.strongest, 0, min(profile.control), max(profile.control), names=True)
            self.pictures.show(known, "Pictures of the bank that drive the neuron most")
            return
        low, high = view.activation_range(state)
        images = self._images_of(trial)
        open_still = trial is not None and trial.score is None and verdict(state, trial) != "rejected"
        planned = view.images_each(state) if state.run is not None and open_still else 0
        mean = view.control_mean(state)
        shown = StripContent(
            images,
            planned,
            low,
            high,
            self.heat,
            self.line.images != "off",
            self._previews(trial),
            mean,
            self.line.kitty,
        )
        title = "Pictures"
        if trial is not None:
            title = concept_of(state, trial)
            title += " · pictures of the bank" if images and not trial.images else ""
            title += "" if self.chosen is None else " · f follows the run"
        heat = " · heat map" if self.heat and any(image.activation_map for image in images) else ""
        pictures = self.pictures
        pictures.show(shown, title + heat)
        set_titles(pictures, subtitle=pictures.prompt)

    def _images_of(self, trial: Trial | None) -> tuple[e.ImageScored, ...]:
        """The pictures that count in a trial's score: first those of the bank, then those of the run."""
        bank_pictures = self.line.model_cache.bank_pictures
        of_bank = (
            bank_pictures.of(self.snapshot.state, trial) if bank_pictures is not None and trial is not None else ()
        )
        return (*of_bank, *view.shown_images(trial))

    def _spec(self) -> RunSpec | None:
        """The run's spec, even before its first event."""
        state = self.snapshot.state
        return state.spec if state.run is not None else self.line.controller.spec_of(self.source.run_id)

    def _profile(self) -> NeuronProfile | None:
        """The neuron's profile on the bank."""
        spec = self._spec()
        return None if spec is None else self.line.model_cache.profiles.get((spec.model, spec.layer, spec.neuron))

    def _previews(self, trial: Trial | None) -> tuple[bytes, ...]:
        """Previews of this trial's unfinished pictures."""
        state, snapshot = self.snapshot.state, self.snapshot
        alone = trial is not None and trial is view.current(state) and snapshot.detail == concept_of(state, trial)
        # In a batch for several concepts it is unknown which preview belongs to which.
        return snapshot.previews if alone and snapshot.phase == "drawing" else ()

    def _playing(self) -> str:
        if not isinstance(self.source, Player):
            return ""
        sign = "▶" if self.source.playing else "Ⅱ"
        return f"{sign} replay {self.source.place}/{len(self.source.envelopes)} ×{self.source.speed:g}"

    # -- what the keys are about ---

    @property
    def live(self) -> bool:
        """Whether this is a live run and not a replay."""
        return isinstance(self.source, Session)

    def shown_trial(self) -> Trial | None:
        """The trial whose pictures are shown."""
        state = self.snapshot.state
        if self.chosen in state.trials:
            return state.trials[self.chosen]
        if state.outcome is not None and state.outcome.trial in state.trials:
            return state.trials[state.outcome.trial]
        trial = view.current(state)
        if trial is not None and (trial.images or self._previews(trial)):
            return trial
        # Until the first picture of a new trial, show those of the one before instead of empty frames.
        before = state.trials.get(self.snapshot.trial or "")
        if before is not None and verdict(state, before) != "rejected":
            return before
        best = view.best(state)
        return best.trial if best is not None else trial

    def target(self) -> Trial | None:
        """The trial that decisions apply to: the selected one, else the one that waits, is drawn, or is shown.

        None if a row of the timeline is selected that is no trial.
        """
        state = self.snapshot.state
        if self.chosen in {row.key for row in self.timeline.rows}:
            return state.trials.get(self.chosen or "")
        return view.waiting(state) or view.current(state) or self.shown_trial()

    # -- looking around ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that do not apply now."""
        match action:
            case "result":
                return self.snapshot.state.run is not None and bool(self.snapshot.state.trials)
            case "follow":
                return self.chosen is not None
            case "large" | "open" | "picture" | "heat":
                at_cursor = self.pictures.at_cursor
                if at_cursor is None or (action == "open" and not at_cursor.image.path):
                    return False
                return action != "heat" or self.pictures.has_maps
            case "graph":
                return self._hides(self.curve, self.histogram)
            case "timeline":
                return self._hides(self.pool, self.timeline)
        return super().check_action(action, parameters)

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        # Also if the selected row is gone and the cursor is on the one that took its place.
        by_user = event.by_user or (self.chosen is not None and self.focused is event.rows)
        if by_user and event.key is not None:
            self.chosen = event.key
            self.update_panes()

    @on(Rows.Chosen)
    def _taken(self, event: Rows.Chosen) -> None:
        self.chosen = event.key
        self.update_panes()
        if event.key in self.snapshot.state.trials and self.pictures.at_cursor is not None:
            self.action_large()

    @on(Thumbnails.Picked)
    def _picked(self, event: Thumbnails.Picked) -> None:
        self.pictures.put(event.index)
        self._redraw()

    def action_back(self) -> None:
        """Go from a selected row back to the current trial, and from there to the chooser; the run continues."""
        if self.chosen is not None:
            self.action_follow()
        else:
            self.app.pop_screen()

    def action_follow(self) -> None:
        """Deselect the row, so that the screen follows the run."""
        self.chosen = None
        self.update_panes()

    def action_picture(self, by: int) -> None:
        """Move the cursor in the pictures."""
        self.pictures.put(self.pictures.cursor + by)
        self._redraw()

    def action_large(self) -> None:
        """Open the large view."""
        pictures = self.pictures
        if pictures.at_cursor is not None:
            self.line.show_picture(list(pictures.shown.images), pictures.cursor, self.snapshot.state)

    def action_heat(self) -> None:
        """Turn the heat map on or off."""
        self.heat = not self.heat
        self.update_panes()

    def action_open(self) -> None:
        """Open the picture's file."""
        image = self.pictures.at_cursor
        if image is not None:
            self.line.open_file(Path(image.image.path))

    def action_graph(self) -> None:
        """Swap curve and histogram."""
        self._exchange(self.curve, self.histogram)

    def action_timeline(self) -> None:
        """Swap pool and timeline; the focus goes along."""
        focused = isinstance(self.focused, Rows)
        front = self._exchange(self.pool, self.timeline)
        if focused:
            self.set_focus(front)

    def _hides(self, *panes: Widget) -> bool:
        """Whether there is room for only one of these panes."""
        return not all(pane.display for pane in panes)

    def _exchange(self, one: Widget, other: Widget) -> Widget:
        """Swap two panes and return the one that is now shown."""
        # A class on the screen would restyle and repaint every widget.
        one.toggle_class("behind")
        other.toggle_class("behind")
        self.update_panes()
        return other if one.has_class("behind") else one

    def action_result(self) -> None:
        """Show the result of the run so far."""
        self.line.show_result(self.snapshot)

    def topics(self) -> Iterable[tuple[str, str]]:
        """What the panes show, starting with the current concept."""
        return topics(self.snapshot, self.target())
