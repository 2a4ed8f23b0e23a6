"""The proposal: the language model's output as it arrives, what it is based on, and its progress."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from line_tui.explain.state import RunState, Trial, concept_of, verdict, waits_for_user
from line_tui.tui import view
from line_tui.tui.formatting import MOVES, ORIGINS, number, share
from line_tui.tui.session import Snapshot
from line_tui.tui.text_plots import bar
from line_tui.tui.widgets.cached_static import CachedStatic
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.pool import rejection_remark
from line_tui.tui.widgets.status import iteration_due

Parts = list[Content | str | tuple[str, str]]
_OF_VOCABULARY = {"vocabulary": "the vocabulary: one of its best", "random": "the vocabulary: at random"}


def describe(snapshot: Snapshot, meant: Trial | None = None, roomy: bool = False) -> Content:
    """The pane's text; `meant` is the trial that the keys apply to, if any; `roomy` allows more text."""
    state = snapshot.state
    if state.outcome is not None:
        return _outcome(state)
    if state.failure is not None and state.status == "failed":
        return Content.assemble(
            ("The run failed: ", "bold $error"), state.failure.cause, "\n", (state.failure.fix, "$text-muted")
        )
    if state.control is None:
        return _before(snapshot)
    at_rest = view.current(state) is None and snapshot.active and snapshot.phase != "verifying"
    if snapshot.phase == "proposing" or (snapshot.text and at_rest):
        return _asking(snapshot)
    trial = view.waiting(state) or view.current(state) or state.trials.get(snapshot.trial or "")
    if trial is None:
        return Content.assemble(("Nothing has been proposed yet.", "$text-muted"))
    return _trial(snapshot, trial, meant, roomy)


def _outcome(state: RunState) -> Content:
    assert state.outcome is not None
    if state.outcome.label is None:
        return Content.assemble(
            ("No concept found", "bold"), ("\n" + state.outcome.reason, "$text-muted"), "\n", _hint("r", "the result")
        )
    parts: Parts = [("The label is\n", "$text-muted"), (f"“{state.outcome.label}”", "bold $accent"), "\n"]
    if state.verified is not None:
        score = state.verified.score
        parts.append(f"AUC {share(score.auc)} on {score.images} fresh pictures\n")
    else:
        parts.append((state.outcome.reason + "\n", "$text-muted"))
    parts.append(_hint("r", "the result"))
    return Content.assemble(*parts)


def _before(snapshot: Snapshot) -> Content:
    what = {
        "loading": "Loading the three models…",
        "control": "Measuring the neuron on the control set, the pictures that concepts are compared with.",
    }.get(snapshot.phase, "Waiting for the engine, which imports torch first…")
    if snapshot.state.status == "stopped":
        what = "Stopped before the first picture."
    parts: Parts = [(what, "$text-muted")]
    if snapshot.detail:
        parts.append(f"\n{snapshot.detail}")
    if snapshot.total:
        parts += ["\n", (bar(snapshot.done / snapshot.total, 20), "$primary"), f" {snapshot.done}/{snapshot.total}"]
    return Content.assemble(*parts)


def _asking(snapshot: Snapshot) -> Content:
    state = snapshot.state
    parts: Parts = []
    if snapshot.thinking and not snapshot.text:
        parts.append((snapshot.thinking[-400:], "italic $text-muted"))
    cursor = "▌" if snapshot.phase == "proposing" else ""
    parts += [(snapshot.text.strip(), "bold"), (cursor, "$accent"), "\n"]
    rows = [row for row in view.ranked(state) if row.place == "pool"][:4]
    if rows:
        parts += [("it sees ", "$text-muted"), ", ".join(f"{row.concept} {number(row.value)}" for row in rows)]
    refused = [refusal for refusal in state.refusals if refusal.iteration > view.iteration(state)][-2:]
    for refusal in refused:
        parts += [("\n✗ ", "$error"), refusal.text, (f" — {refusal.reason}", "$text-muted")]
    return Content.assemble(*parts)


def _trial(snapshot: Snapshot, trial: Trial, meant: Trial | None, roomy: bool) -> Content:
    state = snapshot.state
    concept = concept_of(state, trial)
    parts: Parts = [(f"“{concept}”", "bold")]
    if concept != trial.concept:
        parts.append((f"  was “{trial.concept}”", "$text-muted"))
    parts.append("\n")
    if trial.based_on:
        named = trial.based_on if roomy else trial.based_on[:3]
        more = f" and {len(trial.based_on) - len(named)} more" if len(named) < len(trial.based_on) else ""
        parts += [(f"{MOVES[trial.move]}, based on ", "$text-muted"), f"{', '.join(named)}{more}\n"]
    else:
        parts.append((f"from {_OF_VOCABULARY.get(trial.origin, ORIGINS[trial.origin])}\n", "$text-muted"))
    if waits_for_user(state, trial) and (meant is None or meant.id != trial.id):
        why = "" if meant is None else f": the keys apply to “{concept_of(state, meant)}”"
        parts.append((f"Draw it? Press f first{why}", "$accent"))
    elif waits_for_user(state, trial):
        parts += [("Draw it?  ", "bold $accent"), _hint("a", "yes"), "  ", _hint("x", "no"), "  ", _hint("e", "edit")]
    elif verdict(state, trial) == "rejected":
        parts += [("✗ rejected", "$error"), (f"  {rejection_remark(trial)}", "$text-muted")]
    elif trial.score is None:
        done, each = len(trial.images_for()), view.images_each(state)
        parts += [(bar(done / each, 12), "$accent"), f" {done} of {each} pictures"]
        # In a small pane this is left to the status line.
        if roomy and snapshot.total and done < each:
            parts.append((f"  step {snapshot.done}/{snapshot.total}", "$text-muted"))
    else:
        parts += [
            ("score ", "$text-muted"),
            (number(view.value(state, trial)), "bold $accent"),
            ("  AUC ", "$text-muted"),
            share(trial.score.auc),
            ("  MAD ", "$text-muted"),
            number(trial.score.mad),
        ]
    return Content.assemble(*parts)


def _hint(key: str, what: str) -> Content:
    return Content.assemble((f" {key} ", "bold $background on $accent"), f" {what}")


class ProposalPane(VerticalScroll, can_focus=True):
    """The proposal; it scrolls if a reasoning model writes at length."""

    BORDER_TITLE = "Proposal"

    def compose(self) -> ComposeResult:
        """One text."""
        yield CachedStatic(id="proposal-text")

    def show(self, snapshot: Snapshot, meant: Trial | None) -> None:
        """Show the current proposal; `meant` is the trial that the keys apply to."""
        state = snapshot.state
        if state.outcome is not None:
            title = "Result"
        elif state.control is None:
            title = "Start"
        elif snapshot.phase == "verifying":
            title = "Verifying"
        else:
            due = iteration_due(snapshot)
            title = f"Proposal · iteration {due}" if due else "First pool"
            if (waiting := sum(waits_for_user(state, trial) for trial in state.trials.values())) > 1:
                title = f"{title} · 1 of {waiting} that wait"
        set_titles(self, title)
        self.query_one("#proposal-text", CachedStatic).put(describe(snapshot, meant, roomy=self.size.height > 5))
