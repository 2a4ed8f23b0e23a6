"""The status line: the run's phase, progress, best concept, and time left."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from line_tui.plural import counted
from line_tui.tui import view
from line_tui.tui.formatting import PHASES, duration, number, short_duration
from line_tui.tui.session import Snapshot, seconds_left
from line_tui.tui.widgets.cached_static import CachedStatic


@dataclass(frozen=True)
class Field:
    """A part of the line; `short`, if any, replaces `text` if the line is too narrow."""

    text: str
    style: str = ""
    short: str = ""


_STARTING = Field("◌ starting", "$text-muted")


def iteration_due(snapshot: Snapshot) -> int:
    """The current iteration; while the language model proposes a concept, already that concept's."""
    return min(view.iteration(snapshot.state) + (snapshot.phase == "proposing"), snapshot.state.iterations)


def fields(snapshot: Snapshot, paused: bool, replay: str = "", off: str = "", resuming: bool = False) -> list[Field]:
    """The parts of the line, in order; the options are those of `StatusBar.show`."""
    state = snapshot.state
    if replay:
        doing = Field(replay, "bold $secondary")
    elif resuming:
        doing = _STARTING
    elif off and snapshot.active:
        doing = Field(off, "bold $error")
    else:
        doing = _doing(snapshot, paused)
    if state.run is None:
        return [doing]
    parts = [doing]
    if state.status != "finished":
        progress = f"{iteration_due(snapshot)}/{state.iterations}"
        parts.append(Field(f"iteration {progress}", short=f"it {progress}"))
    if state.control is not None and state.control.missing:
        have = len(state.control.concepts)
        bank = f"{have}/{have + state.control.missing}"
        parts.append(Field(f"bank of {bank} concepts", short=f"bank {bank}"))
    images = view.images_done(state)
    parts.append(Field(counted(images, "picture"), short=f"{images} pic."))
    top = view.best(state)
    if top is not None:
        score = number(top.value)
        name = top.concept if len(top.concept) <= 16 else top.concept[:15] + "…"
        # The search only selects the finalists, so the label need not have its highest score.
        role = "best" if state.outcome is None else "label"
        parts.append(Field(f"{role} {top.concept} {score}", "bold $accent", f"{name} {score}"))
    # In a replay, the time left would be that of the original run.
    left = None if replay else seconds_left(snapshot)
    if left is not None:
        parts.append(Field(f"about {duration(left)} left", short=f"{short_duration(left)} left"))
    return parts


def _doing(snapshot: Snapshot, paused: bool) -> Field:
    match snapshot.state.status:
        case "finished":
            return Field("✔ finished", "bold $success")
        case "failed":
            return Field("✗ failed", "bold $error")
        case "stopped":
            return Field("■ stopped", "bold $warning")
    if paused or snapshot.phase == "paused":
        return Field("Ⅱ paused" if snapshot.phase in ("paused", "idle") else "Ⅱ pausing", "bold $warning")
    if snapshot.phase == "waiting":
        return Field("? waiting for you", "bold $accent", "? your turn")
    if snapshot.state.run is None and snapshot.phase == "idle":
        return _STARTING
    text = f"● {PHASES[snapshot.phase]}"
    if snapshot.total:
        text += f" {snapshot.done}/{snapshot.total}"
    return Field(text, "bold $primary")


class StatusBar(CachedStatic):
    """The line at the bottom."""

    def show(self, snapshot: Snapshot, paused: bool, replay: str = "", off: str = "", resuming: bool = False) -> None:
        """Show the state of the run.

        `replay` is the position of a replay, `off` says why the engine does not work on the run, and `resuming` whether
        it is about to.
        """
        shown_fields = fields(snapshot, paused, replay, off, resuming)
        short = sum(len(field.text) + 3 for field in shown_fields) - 3 > self.size.width - 2
        parts: list[tuple[str, str] | str] = [" "]
        for n, field in enumerate(shown_fields):
            if n:
                parts.append((" │ ", "$text-muted"))
            parts.append((field.short or field.text if short else field.text, field.style))
        self.put(Content.assemble(*parts))
