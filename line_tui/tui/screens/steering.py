"""The keys that steer a run, and when each applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from line_tui import events as e
from line_tui.explain.state import RunState, Trial, concept_of, verdict
from line_tui.explain.word_forms import same_form
from line_tui.tui import view
from line_tui.tui.replay import SPEEDS, Player
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.screens.dialogs import Ask, Confirm
from line_tui.tui.session import Session, Snapshot

MAX_LENGTH = 60
"""Longest concept that a user can enter, in characters."""
_DECISIONS = {"decide", "reject_because", "edit", "add", "undo", "mode", "budget"}


class Steering(LineScreen):
    """Base of the run screen: decisions, and control of the run or replay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accept')", "Accept", id="run.accept", tooltip="Draw it, or keep it in the pool"),
        Binding(
            "x", "decide('reject')", "Reject", id="run.reject", tooltip="Never draw it, or take it out of the pool"
        ),
        Binding("X", "reject_because", "Reject…", id="run.reject-because", tooltip="Reject it and say why", show=False),
        Binding("e", "edit", "Edit", id="run.edit", tooltip="Change the concept before it is drawn"),
        Binding("n", "add", "Add", id="run.add", tooltip="Add a concept of your own"),
        Binding(
            "p", "decide('pin')", "Pin", id="run.pin", tooltip="Keep it in the pool, whatever its score", show=False
        ),
        Binding("b", "decide('ban')", "Ban", id="run.ban", tooltip="Reject it and never propose it again", show=False),
        Binding("u", "undo", "Undo", id="run.undo", tooltip="Undo your last decision"),
        Binding("m", "mode", "Ask/auto", id="run.mode", tooltip="Turn asking before drawing on or off"),
        Binding("space", "pause", "Pause", id="run.pause", tooltip="Pause or continue", priority=False),
        Binding("s", "step", "Step", id="run.step", tooltip="Take one step of the loop, then pause", show=False),
        Binding("plus", "budget", "Budget", id="run.budget", tooltip="Change the number of iterations", show=False),
        Binding("S", "stop", "Stop", id="run.stop", tooltip="Stop the run; it can be resumed later", show=False),
        Binding("R", "restart", "Resume", id="run.restart", tooltip="Continue the run, with a new engine if need be"),
        Binding("greater_than_sign", "speed(1)", "Faster", id="run.faster", tooltip="Replay faster"),
        Binding("less_than_sign", "speed(-1)", "Slower", id="run.slower", tooltip="Replay slower"),
        Binding("full_stop", "jump(1)", "Next", id="run.next", tooltip="Go to the next event"),
        Binding("comma", "jump(-1)", "Before", id="run.before", tooltip="Go to the previous event"),
    ]

    source: Session | Player
    snapshot: Snapshot
    elsewhere = False
    """Whether another process works on the run."""

    def target(self) -> Trial | None:
        """The trial that a decision applies to."""
        raise NotImplementedError

    def update_panes(self) -> None:
        """Draw the run as it is now."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that do not apply now; a replay and a finished run take no decisions."""
        state = self.snapshot.state
        live, active = isinstance(self.source, Session), state.run is not None and state.outcome is None
        working = self.line.controller.is_working_on(self.source.run_id)
        ready = working and self.line.engine.status.state == "ready"
        match action:
            case "speed":
                return isinstance(self.source, Player) and self.source.speed != SPEEDS[-1 if parameters == (1,) else 0]
            case "jump":
                source = self.source
                return isinstance(source, Player) and (source.place > 1 if parameters == (-1,) else not source.at_end)
            case "pause":
                return not live or (active and ready and self.snapshot.active)
            case "step":
                return live and active and ready and self.line.controller.paused
            case "stop":
                return live and active and ready and self.snapshot.active
            case "restart":
                return live and not working and not self.elsewhere and state.outcome is None
        if action not in _DECISIONS:
            return True
        if not live or not active:
            return False
        target = self.target()
        if action in ("decide", "reject_because"):
            return target is not None and _has_effect(state, target, parameters[0] if parameters else "reject")
        if action == "edit":
            return target is not None and not _measured(target) and verdict(state, target) != "rejected"
        if action == "undo":
            return isinstance(self.source, Session) and self.source.can_undo
        return True

    # -- decisions ---

    def action_decide(self, kind: e.DecisionKind) -> None:
        """Accept, reject, pin or ban the concept."""
        self._decide(kind, self.target())

    def action_reject_because(self) -> None:
        """Reject the concept with a reason, which some language models are shown."""
        trial = self.target()
        if trial is None:
            return
        concept = concept_of(self.snapshot.state, trial)
        self._ask(
            Ask(
                f"Why not “{concept}”? The reason is stored. Language models that follow instructions see it; the small"
                " bundled one does not.",
                placeholder="a colour, not a thing",
            ),
            lambda reason: self._decide("reject", trial, reason=reason),
        )

    def action_edit(self) -> None:
        """Change the concept before it is drawn; this accepts it too."""
        trial = self.target()
        if trial is None:
            return
        concept = concept_of(self.snapshot.state, trial)
        self._ask(
            Ask(
                f"Draw instead of “{concept}”:",
                value=concept,
                longest=MAX_LENGTH,
                refuse=lambda text: self._known_already(text, but=trial.id),
            ),
            lambda text: self._change_concept(trial, text),
        )

    def _change_concept(self, trial: Trial, text: str) -> None:
        if not _measured(self.source.snapshot.state.trials[trial.id]):
            self._decide("edit", trial, concept=text)
            return
        self.notify(f"“{trial.concept}” has been measured in the meantime, so “{text}” is added as a new concept.")
        self._decide("add", None, concept=text)

    def action_add(self) -> None:
        """Add a concept of the user's own."""
        self._ask(
            Ask(
                "Your own concept, one to three words:",
                placeholder="ripe tomato",
                longest=MAX_LENGTH,
                refuse=self._known_already,
            ),
            lambda text: self._decide("add", None, concept=text),
        )

    def _known_already(self, text: str, but: str | None = None) -> str | None:
        """Why the user cannot enter this concept; None if it is new. `but` is a trial to ignore."""
        state = self.source.snapshot.state
        for row in view.ranked(state):
            if row.trial.id != but and same_form(row.concept) == same_form(text):
                undo = "; a accepts it again" if row.place == "rejected" else ""
                return f"“{row.concept}” is already in this run{undo}"
        return None

    def action_undo(self) -> None:
        """Undo the last decision."""
        if isinstance(self.source, Session):
            self._safely(self.source.undo)

    def action_mode(self) -> None:
        """Switch ask-first mode on or off."""
        if isinstance(self.source, Session):
            session, ask_first = self.source, not self.source.snapshot.state.ask_first
            self._safely(lambda: session.set_mode(ask_first))

    def action_budget(self) -> None:
        """Change the total number of iterations."""
        iterations = self.snapshot.state.iterations

        def change(text: str) -> None:
            if isinstance(session := self.source, Session):
                self._safely(lambda: session.set_budget(int(text)))

        def refuse(text: str) -> str | None:
            return None if text.isdigit() and 0 < int(text) <= 1000 else "the number must be from 1 to 1000"

        question = Ask("Total number of iterations:", value=str(iterations + 10), integer=True, refuse=refuse)
        self._ask(question, change)

    def _decide(self, kind: e.DecisionKind, trial: Trial | None, concept: str | None = None, reason: str = "") -> None:
        if not isinstance(self.source, Session) or (trial is None and kind != "add"):
            return
        session = self.source
        if kind == "ban" and trial is not None:
            concept = concept_of(self.snapshot.state, trial)
        self._safely(lambda: session.decide(kind, trial.id if trial else None, concept, reason))

    def _ask(self, question: Ask, use: Any) -> None:
        self.app.push_screen(question, lambda text: use(text) if text is not None else None)

    def _safely(self, change: Callable[[], object]) -> None:
        if self.safely(change):
            self.update_panes()

    # -- control of the run ---

    def action_pause(self) -> None:
        """Pause or continue; a replay at its end starts again."""
        if isinstance(self.source, Player):
            if self.source.at_end:
                self.source.jump(-len(self.source.envelopes))
            self.source.playing = not self.source.playing
            return
        self.line.controller.set_paused(not self.line.controller.paused)

    def action_step(self) -> None:
        """Take one step of the loop, then pause."""
        self.line.controller.step()

    def action_stop(self) -> None:
        """Stop the run, or the queue that it belongs to, after a question."""
        question = "Stop the run? It keeps everything so far and can be resumed later."
        if self.line.controller.is_queued(self.source.run_id):
            question = "Stop the queue? Its runs keep everything so far; G on the first screen resumes them."
        self.app.push_screen(Confirm(question), self._stop)

    def _stop(self, yes: bool | None) -> None:
        if yes:
            self.line.controller.stop()

    def action_restart(self) -> None:
        """Continue from the last stored event; start a new engine if necessary."""
        self.line.controller.resume()

    def action_speed(self, by: int) -> None:
        """Replay faster or slower."""
        if isinstance(self.source, Player):
            self.source.change_speed(by)

    def action_jump(self, by: int) -> None:
        """Go `by` events forward, or backward if negative, and pause."""
        if isinstance(self.source, Player):
            self.source.playing = False
            self.source.jump(by)


def _measured(trial: Trial) -> bool:
    """Whether a trial has an image or a score, so that its concept can no longer be edited.

    A word of the bank has a score from the start.
    """
    return bool(trial.images) or trial.score is not None


def _has_effect(state: RunState, trial: Trial, kind: object) -> bool:
    """Whether a decision of this kind would change anything for a trial."""
    current = verdict(state, trial)
    match kind:
        case "accept":
            return current != "accepted" or trial.id in view.pinned(state)
        case "pin":
            return trial.id not in view.pinned(state)
        case "ban":
            return not any(d.kind == "ban" and d.trial == trial.id for d in state.standing.decisions)
    return current != "rejected"
