"""The table of trials: the pool, and what else was tried, by score."""

from __future__ import annotations

from line_tui.explain.state import RunState, Trial, concept_of
from line_tui.tui import view
from line_tui.tui.formatting import SHORT_ORIGINS, interval, number, share
from line_tui.tui.neuron_overview import NeuronProfile
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.rows import Column, Part, Row, Rows

_EMPTY = "Concepts appear here, best first."
COLUMNS = (
    Column("", 1),
    Column("concept"),
    Column("score", 6, right=True),
    Column("AUC", 5, right=True),
    Column("MAD", 6, right=True),
    Column("n", 3, right=True, needs=56),
    Column("from", 7, needs=46),
    Column("verified", 20, needs=72),
)
_MARKS: dict[view.Place, Part] = {
    "waiting": ("?", "accent"),
    "drawing": ("▸", "accent"),
    "queued": ("·", "dim"),
    "pool": (" ", ""),
    "out": ("○", "dim"),
    "rejected": ("✗", "bad"),
}


def rows(state: RunState) -> list[Row]:
    """The table's rows, best first within each group."""
    return [_row(state, entry) for entry in view.ranked(state)]


def _row(state: RunState, entry: view.TrialRow) -> Row:
    score = entry.trial.score
    verified = ""
    if state.verified is not None and state.verified.trial == entry.trial.id:
        measured = state.verified.score
        verified = f"{share(measured.auc)} {interval(measured.ci_low, measured.ci_high)}"
    value: Part = (number(entry.value), "accent" if entry.place == "pool" else "")
    remarks, rejected = remark(state, entry), entry.place == "rejected"
    if remarks and (score is None or rejected):
        # Makes room for the remark.
        value = ("", "")
    return Row(
        key=entry.trial.id,
        cells=(
            [mark(entry)],
            [(entry.concept, ""), *remarks],
            [value],
            share(score.auc) if score and not (remarks and rejected) else "",
            number(score.mad) if score and not (remarks and rejected) else "",
            str(score.images if score else len(entry.trial.images)),
            [(SHORT_ORIGINS[entry.trial.origin], "dim")],
            verified,
        ),
        tone="dim" if entry.place in ("out", "rejected", "queued") else "",
    )


def remark(state: RunState, entry: view.TrialRow) -> list[Part]:
    """A remark in a trial's row: the effect of the user's decision on it."""
    if state.outcome is not None:
        return []
    text = ""
    if entry.place == "rejected":
        text = rejection_remark(entry.trial)
    elif entry.place == "waiting":
        text = "waits for you"
    elif entry.trial.score is None and (entry.verdict == "accepted" or entry.trial.origin == "user"):
        text = "will be drawn"
    elif entry.verdict == "accepted":
        text = "stays in the pool" if state.spec.strategy == "published" else "goes to the final"
    return [(f"  {text}", "dim")] if text else []


def rejection_remark(trial: Trial) -> str:
    """The effect of a rejection."""
    return f"{'never the label' if trial.images else 'not drawn'}; the model is told"


def last_decision(state: RunState) -> str:
    """The effect of the user's last decision, because a row that was just rejected is at the end, out of sight."""
    if not state.decisions or state.outcome is not None:
        return ""
    last = state.decisions[-1]
    if last.kind == "undo":
        taken = next((decision for decision in state.decisions if decision.decision == last.undoes), last)
        trial = state.trials.get(taken.trial or "")
        return f"undone: {taken.kind} {taken.concept or (concept_of(state, trial) if trial else '')}"
    for entry in view.ranked(state):
        if entry.trial.id == last.trial or (last.trial is None and entry.concept == last.concept):
            text = "".join(part for part, _ in remark(state, entry)).strip().partition(";")[0]
            return f"{mark(entry)[0]} {entry.concept}: {text}" if text else ""
    return ""


def mark(entry: view.TrialRow) -> Part:
    """The sign before a concept: of the user's decision, else of the trial's state."""
    if entry.place != "rejected" and entry.pinned:
        return ("★", "accent")
    if entry.verdict == "accepted":
        return ("✓", "good")
    return _MARKS[entry.place]


class PoolTable(Rows):
    """The table of trials."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(COLUMNS, title="Pool", empty=_EMPTY, id=id)
        self._rejected: set[str] = set()

    def expect(self, profile: NeuronProfile | None) -> None:
        """Until there is a pool, show the neuron's strongest words in the bank."""
        if profile is not None and not self.rows:
            words = [f"{number(value):>7}  {word}" for word, value in profile.words]
            self.show([], empty="\n".join([_EMPTY, "", "Words of the bank that drive the neuron most:", *words]))

    def show_state(self, state: RunState) -> None:
        """Show a state's trials."""
        now = state.trials.get(self.key or "")
        ranked = view.ranked(state)
        rejected = {entry.trial.id for entry in ranked if entry.place == "rejected"}
        # A row that was just rejected moves to the end; the cursor must not follow it.
        self.show(rows(state), follow=now is None or now.id not in rejected - self._rejected)
        self._rejected = rejected
        inside = sum(entry.place == "pool" for entry in ranked)
        out = sum(entry.place in ("out", "rejected") for entry in ranked)
        set_titles(self, f"Pool · {inside}" + (f" · {out} left it" if out else ""), last_decision(state))
