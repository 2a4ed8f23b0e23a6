"""Shows a run on stderr: a few live lines in a terminal, one line per concept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from line_tui import events as e
from line_tui.consoles import PlainConsole
from line_tui.explain.state import RunState, Trial, verdict
from line_tui.plural import counted
from line_tui.sanitize import shown
from line_tui.tui import view
from line_tui.tui.formatting import PHASES, duration
from line_tui.tui.session import Snapshot, advance, seconds_left


class LiveView:
    """The state of one run, drawn anew after each event."""

    def __init__(self, console: PlainConsole, state: RunState) -> None:
        self._console = console
        self._snapshot = Snapshot("", state, phase="loading")
        self._live = Live(self._render(), console=console, transient=True, refresh_per_second=8)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within the block, show the live lines if stderr is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with self._live:
            yield

    def show_event(self, envelope: e.Envelope) -> None:
        """Show an event."""
        self._snapshot = advance(self._snapshot, envelope)
        self._print_event(envelope.event)
        if self._console.is_terminal:
            self._live.update(self._render())

    def _print_event(self, event: e.AnyEvent) -> None:
        """Print what stays after the live lines have gone."""
        match event:
            case e.RunStarted(run_id=run_id):
                self._console.print_line(f"run {run_id}")
            case e.ModelsLoaded(notes=notes):
                for note in notes:
                    self._console.print_line(note, style="yellow")
            case e.TrialScored(trial=trial):
                self._console.print(self._line(self._snapshot.state.trials[trial]))
            case e.Stalled():
                self._console.print_line(
                    f"the language model proposed no new concept in {event.attempts} attempts: {event.remedy}",
                    style="yellow",
                )
            case e.ControlMeasured(drawn=drawn, concepts=concepts, reference_activations=reference):
                own = f", {len(reference)} of your pictures as control" if reference else ""
                self._console.print_line(
                    f"control set: {counted(len(concepts), 'concept')}, {counted(drawn, 'picture')} drawn{own}"
                )
                if event.missing:
                    self._console.print_line(
                        "the control set is not complete: the terminal app draws "
                        f"{counted(event.missing, 'more concept')} while it is idle",
                        style="yellow",
                    )
                for line in event.skipped:
                    self._console.print_line(f"skipped {line}", style="yellow")
            case e.SettingsChanged(settings=settings, reason=reason):
                now = f"batch {settings.batch_size}, {settings.memory}, no longer bit-identical"
                self._console.print_line(f"{reason}: continuing with {now}", style="yellow")
            case _:
                pass

    def _line(self, trial: Trial) -> Text:
        text = Text(f"{self._value(trial):8.3f}  {shown(trial.concept)}  ")
        text.append(f"{trial.origin}, iteration {trial.iteration}", style="dim")
        if self._best() is trial:
            text.append("  best so far", style="bold green")
        return text

    def _best(self) -> Trial | None:
        state = self._snapshot.state
        scored = [t for t in state.trials.values() if t.score is not None and verdict(state, t) != "rejected"]
        return max(scored, key=self._value, default=None)

    def _value(self, trial: Trial) -> float:
        return view.value(self._snapshot.state, trial) or 0.0

    def _render(self) -> Group:
        snapshot = self._snapshot
        words = PHASES[snapshot.phase]
        if snapshot.detail:
            words += f": {shown(snapshot.detail)}"
        if snapshot.total:
            words += f" {snapshot.done}/{snapshot.total}"
        if snapshot.phase == "proposing" and (output := snapshot.text or snapshot.thinking):
            words += f" “{shown(output.strip())}”"
        lines: list[Text | Table] = [Text(words, style="cyan", no_wrap=True, overflow="ellipsis")]
        if snapshot.state.run is not None:
            lines.append(self._budget())
        if (best := self._best()) is not None:
            lines.append(Text(f"best so far {self._value(best):.3f} {shown(best.concept)}", style="bold"))
        return Group(*lines)

    def _budget(self) -> Table:
        state, left = self._snapshot.state, seconds_left(self._snapshot)
        done = view.images_done(state)
        planned = done + view.images_left(state) + view.report_images_left(state)
        row = Table.grid(padding=(0, 1))
        row.add_row(
            ProgressBar(total=max(planned, 1), completed=done, width=30),
            f"{done}/{planned} images",
            f"about {duration(left)} left" if left else "",
        )
        return row
