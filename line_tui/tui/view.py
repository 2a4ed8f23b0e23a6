"""Pure functions that compute what screens show from a run's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from line_tui import events as e
from line_tui.explain import strategies
from line_tui.explain.decisions import Verdict
from line_tui.explain.state import RunState, Trial, concept_of, verdict, waits_for_user
from line_tui.explain.state import value as value_of

Place = Literal["waiting", "drawing", "queued", "pool", "out", "rejected"]

_ORDER: dict[Place, int] = {"waiting": 0, "drawing": 1, "pool": 2, "queued": 3, "out": 4, "rejected": 5}


@dataclass(frozen=True)
class TrialRow:
    """One line of the pool table."""

    trial: Trial
    concept: str
    place: Place
    verdict: Verdict
    pinned: bool
    value: float | None


def value(state: RunState, trial: Trial) -> float | None:
    """A trial's score by the metric that the run maximises; None while unknown."""
    if trial.score is None:
        return None
    return value_of(trial.score, state.spec.metric)


def waiting(state: RunState) -> Trial | None:
    """The proposal that waits for the user."""
    return next((trial for trial in state.trials.values() if waits_for_user(state, trial)), None)


def current(state: RunState) -> Trial | None:
    """The trial in progress: the first that is neither scored nor rejected."""
    for trial in state.trials.values():
        if trial.score is None and verdict(state, trial) != "rejected":
            return trial
    return None


def images_each(state: RunState) -> int:
    """Number of pictures drawn for a new trial at first."""
    return strategies.find(state.spec.strategy).first_images(state.spec)


def pinned(state: RunState) -> set[str]:
    """Trials whose last decision is a pin."""
    marks: set[str] = set()
    for decision in state.standing.decisions:
        if decision.trial is None:
            continue
        if decision.kind == "pin":
            marks.add(decision.trial)
        elif decision.kind in ("accept", "reject", "ban"):
            marks.discard(decision.trial)
    return marks


def ranked(state: RunState) -> list[TrialRow]:
    """All trials in the order of `_ORDER`, and by score within each group."""
    if state.run is None:
        return []
    now, pins = current(state), pinned(state)
    rows = [_row(state, trial, now, pins) for trial in state.trials.values()]
    return sorted(rows, key=lambda row: (_order(row), -(row.value if row.value is not None else 0)))


def _order(row: TrialRow) -> int:
    # A concept that the user has just added would be out of sight at the end of a long pool.
    own = row.place == "queued" and row.trial.origin == "user"
    return _ORDER["drawing"] if own else _ORDER[row.place]


def _row(state: RunState, trial: Trial, now: Trial | None, pins: set[str]) -> TrialRow:
    current_verdict = verdict(state, trial)
    place: Place
    if current_verdict == "rejected":
        place = "rejected"
    elif trial.score is not None:
        place = "pool" if trial.id in state.pool or current_verdict == "accepted" else "out"
    elif waits_for_user(state, trial):
        place = "waiting"
    else:
        place = "drawing" if now is not None and now.id == trial.id else "queued"
    return TrialRow(trial, concept_of(state, trial), place, current_verdict, trial.id in pins, value(state, trial))


def best(state: RunState) -> TrialRow | None:
    """The concept that would be the label if the run ended now."""
    rows = [row for row in ranked(state) if row.value is not None and row.place != "rejected"]
    if state.outcome is not None:
        return next((row for row in rows if row.trial.id == state.outcome.trial), None)
    return rows[0] if rows else None


@dataclass(frozen=True)
class CurvePoint:
    """A trial's score, and the best score so far."""

    value: float
    best: float


def curve(state: RunState) -> list[CurvePoint]:
    """The scores of the trials that were not rejected, in order of arrival, each with the best so far."""
    points: list[CurvePoint] = []
    for trial in state.trials.values():
        score = value(state, trial)
        if score is not None and verdict(state, trial) != "rejected":
            points.append(CurvePoint(score, max(score, points[-1].best) if points else score))
    return points


def images_done(state: RunState) -> int:
    """Number of images that the run has recorded, without the control set."""
    return sum(len(trial.images) for trial in state.trials.values())


def report_images_left(state: RunState) -> int:
    """Number of images still to come for the reported score."""
    if state.run is None or state.outcome is not None:
        return 0
    return max(0, strategies.find(state.spec.strategy).report_images - _reported(state) + state.reported_before)


def _reported(state: RunState) -> int:
    return sum(len(trial.images_for("report")) for trial in state.trials.values())


def seconds_per_image(state: RunState) -> float:
    """Average seconds to draw and record an image that was not cached; 0 before the first."""
    took = [
        image.draw_seconds + image.look_seconds
        for trial in state.trials.values()
        for image in trial.images
        if not image.cached
    ]
    return sum(took) / len(took) if took else 0.0


def images_left(state: RunState) -> int:
    """Number of search images still to come, estimated from the budget."""
    if state.run is None or state.outcome is not None:
        return 0
    planned, reported = strategies.find(state.spec.strategy).search_images(state), _reported(state)
    return 0 if reported > state.reported_before else max(0, planned + reported - images_done(state))


def iteration(state: RunState) -> int:
    """The current iteration, at most the total."""
    latest = max((trial.iteration for trial in state.trials.values()), default=0)
    return min(latest, state.iterations)


def control_mean(state: RunState) -> float | None:
    """Mean activation of the control set; None before it is measured."""
    values = state.control.flat if state.control is not None else []
    return sum(values) / len(values) if values else None


def activation_range(state: RunState) -> tuple[float, float]:
    """Smallest and largest activation of the control set and all trials; (0, 1) if there are none."""
    values = state.control.flat if state.control is not None else []
    values = values + [image.activation for trial in state.trials.values() for image in trial.images]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + 1.0)


def shown_images(trial: Trial | None) -> list[e.ImageScored]:
    """A trial's pictures by purpose: search, choice of the label, reported score."""
    if trial is None:
        return []
    return [*trial.images_for("search"), *trial.images_for("choose"), *trial.images_for("report")]
