"""The timeline: what was proposed, refused, scored and decided in each iteration."""

from __future__ import annotations

from line_tui.explain.state import RunState, Trial, concept_of, verdict
from line_tui.tui import view
from line_tui.tui.formatting import SHORT_ORIGINS, number
from line_tui.tui.widgets.rows import Column, Row, Rows

COLUMNS = (Column("it", 3, right=True), Column("what happened"), Column("score", 6, right=True))


def rows(state: RunState) -> list[Row]:
    """The timeline's rows, oldest first; refusals and stalls come before the trial of their iteration."""
    if state.run is None:
        return []
    timeline: list[Row] = []
    top = float("-inf")
    between: list[tuple[int, Row]] = []
    for n, refusal in enumerate(state.refusals):
        cell = [("✗", "bad"), (f" {refusal.text} — {refusal.reason}", "dim")]
        between.append((refusal.iteration, Row(f"refusal-{n}", (str(refusal.iteration), cell, ""), "dim")))
    for n, stall in enumerate(state.stalls):
        cell = [("!", "accent"), (f" stalled after {stall.attempts}: {stall.remedy}", "dim")]
        between.append((stall.iteration, Row(f"stall-{n}", (str(stall.iteration), cell, ""))))
    for trial in state.trials.values():
        timeline += [row for iteration, row in between if iteration <= trial.iteration]
        between = [entry for entry in between if entry[0] > trial.iteration]
        score = view.value(state, trial)
        better = score is not None and score > top and verdict(state, trial) != "rejected"
        top = score if better and score is not None else top
        timeline.append(_row(state, trial, score, better))
    return timeline


def _row(state: RunState, trial: Trial, score: float | None, better: bool) -> Row:
    decision = verdict(state, trial)
    sign = ("▲", "accent") if better else ("✗", "bad") if decision == "rejected" else ("·", "dim")
    cell = [sign, (f" {concept_of(state, trial)}", ""), (f"  {SHORT_ORIGINS[trial.origin]}", "dim")]
    if decision == "accepted":
        cell.append(("  ✓ accepted", "good"))
    if concept_of(state, trial) != trial.concept:
        cell.append((f"  was {trial.concept}", "dim"))
    return Row(trial.id, (str(trial.iteration), cell, [(number(score), "accent" if better else "")]))


class Timeline(Rows):
    """The list of iterations."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(COLUMNS, title="Timeline", empty="Iterations are listed here.", id=id, classes=classes)

    def show_state(self, state: RunState) -> None:
        """Show a state's history."""
        self.show(rows(state))
