"""Shows a run on stderr: a few live lines in a terminal, one line per concept elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from line_tui import events as e
from line_tui.cli.batch_progress import time_left
from line_tui.consoles import PlainConsole
from line_tui.explain import strategies
from line_tui.explain.state import RunState, Trial, apply, value, verdict
from line_tui.sanitize import shown

_WORDS: dict[e.Phase, str] = {
    "loading": "loading",
    "control": "measuring the control set",
    "proposing": "asking for a concept",
    "waiting": "waiting for a decision",
    "drawing": "drawing",
    "verifying": "verifying",
    "paused": "paused",
    "idle": "done",
}


class LiveView:
    """Follows the events of one run."""

    def __init__(self, console: PlainConsole, state: RunState) -> None:
        self._console = console
        self._state = state
        self._phase = e.PhaseChanged(phase="loading")
        self._progress: e.Progress | None = None
        self._said = ""
        self._drawing_since: tuple[float, int] | None = None
        self._live = Live(self._render(), console=console, transient=True, refresh_per_second=8)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the view within the block, if there is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with self._live:
            yield

    def see(self, envelope: e.Envelope) -> None:
        """Show an event."""
        event = envelope.event
        match event:
            case e.Token():
                self._said += event.text
            case e.PhaseChanged():
                self._phase, self._progress, self._said = event, None, ""
            case e.Progress():
                self._progress = event
            case e.Preview():
                return
            case _:
                self._state = apply(self._state, event)
                if isinstance(event, e.ImageScored) and self._drawing_since is None:
                    self._drawing_since = (time.monotonic(), self._images)
                self._tell(event)
        if self._console.is_terminal:
            self._live.update(self._render())

    @property
    def _images(self) -> int:
        return sum(len(trial.seen("search")) for trial in self._state.trials.values())

    def _tell(self, event: e.DurableEvent) -> None:
        """Permanent lines."""
        match event:
            case e.RunStarted(run_id=run_id):
                self._console.tell(f"run {run_id}")
            case e.ModelsLoaded(notes=notes):
                for note in notes:
                    self._console.tell(note, style="yellow")
            case e.TrialScored(trial=trial):
                self._console.print(self._line(self._state.trials[trial]))
            case e.Stalled():
                self._console.tell(
                    f"the language model proposed no new concept in {event.attempts} attempts: {event.remedy}",
                    style="yellow",
                )
            case e.ControlMeasured(drawn=drawn, concepts=concepts, reference_activations=reference):
                own = f", {len(reference)} of your pictures as control" if reference else ""
                self._console.tell(f"control set: {len(concepts)} concepts, {drawn} pictures drawn{own}")
                if event.missing:
                    self._console.tell(
                        f"this generator has no full bank yet: {event.missing} concepts are missing, and the terminal "
                        "app draws them while it is idle",
                        style="yellow",
                    )
                for line in event.skipped:
                    self._console.tell(f"skipped {line}", style="yellow")
            case e.SettingsChanged(settings=settings, reason=reason):
                now = f"batch {settings.batch_size}, {settings.memory}, no longer bit-identical"
                self._console.tell(f"{reason}: continuing with {now}", style="yellow")
            case _:
                pass

    def _line(self, trial: Trial) -> Text:
        assert trial.score is not None
        best = self._best()
        text = Text(f"{self._value(trial):8.3f}  {shown(trial.concept)}  ")
        text.append(f"{trial.origin}, iteration {trial.iteration}", style="dim")
        if best is trial:
            text.append("  best so far", style="bold green")
        return text

    def _best(self) -> Trial | None:
        state = self._state
        scored = [t for t in state.trials.values() if t.score is not None and verdict(state, t) != "rejected"]
        return max(scored, key=self._value, default=None)

    def _value(self, trial: Trial) -> float:
        return value(trial.score, self._state.spec.metric) if trial.score else 0.0

    def _render(self) -> Group:
        words = _WORDS[self._phase.phase]
        if self._phase.detail:
            words += f": {shown(self._phase.detail)}"
        if self._progress is not None:
            words += f" {self._progress.done}/{self._progress.total}"
        if self._said:
            words += f" “{shown(self._said.strip())}”"
        lines: list[Text | Table] = [Text(words, style="cyan", no_wrap=True, overflow="ellipsis")]
        if self._state.run is not None:
            lines.append(self._budget())
        if (best := self._best()) is not None:
            lines.append(Text(f"best so far {self._value(best):.3f} {shown(best.concept)}", style="bold"))
        return Group(*lines)

    def _budget(self) -> Table:
        strategy = strategies.find(self._state.spec.strategy)
        planned = strategy.search_images(self._state) + strategy.report_images
        done = self._images
        row = Table.grid(padding=(0, 1))
        row.add_row(
            ProgressBar(total=max(planned, done, 1), completed=done, width=30),
            f"{done}/{planned} images",
            self._time_left(done, planned),
        )
        return row

    def _time_left(self, done: int, planned: int) -> str:
        if self._drawing_since is None:
            return ""
        since, before = self._drawing_since
        if done <= before or planned <= done:
            return ""
        seconds = (time.monotonic() - since) / (done - before) * (planned - done)
        return f"about {time_left(seconds)} left"
