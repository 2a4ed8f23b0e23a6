"""Which of the user's decisions are in effect: an undo reverts one, but none is erased."""

from __future__ import annotations

from typing import Literal

import msgspec

from line_tui import events as e

Verdict = Literal["open", "accepted", "rejected"]


class Standing(msgspec.Struct, frozen=True):
    """The net effect of the user's decisions, by trial id."""

    decisions: tuple[e.Decided, ...] = ()
    """Decisions that were not undone, oldest first."""
    ids: frozenset[str] = frozenset()
    """Their ids."""
    verdicts: dict[str, Verdict] = {}
    """The last verdict on each trial that has one."""
    edits: dict[str, str] = {}
    """The last edit of each trial's concept."""
    edited: frozenset[str] = frozenset()
    """Trials whose concept the user edited, even where the edit changed nothing."""


def standing(decisions: tuple[e.Decided, ...]) -> Standing:
    """The net effect of decisions, given oldest first. An undo can itself be undone."""
    undone: set[str] = set()
    for decision in reversed(decisions):
        if decision.kind == "undo" and decision.undoes and decision.decision not in undone:
            undone.add(decision.undoes)
    stands = tuple(d for d in decisions if d.kind != "undo" and d.decision not in undone)
    verdicts: dict[str, Verdict] = {}
    edits: dict[str, str] = {}
    for decision in stands:
        if decision.trial is not None and decision.kind in ("accept", "pin"):
            verdicts[decision.trial] = "accepted"
        elif decision.trial is not None and decision.kind in ("reject", "ban"):
            verdicts[decision.trial] = "rejected"
        elif decision.trial is not None and decision.kind == "edit" and decision.concept:
            edits[decision.trial] = decision.concept
    edited = frozenset(d.trial for d in stands if d.kind == "edit" and d.trial is not None)
    return Standing(stands, frozenset(d.decision for d in stands), verdicts, edits, edited)
