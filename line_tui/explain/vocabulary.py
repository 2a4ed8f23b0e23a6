"""A fixed vocabulary: draws new pictures of the control set's strongest words and takes the best as label.

This is an upper bound for methods with a fixed vocabulary (such as INVERT or CLIP-Dissect), and the baseline for
the others. It uses no language model.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

import numpy as np

from line_tui import events as e
from line_tui.explain.budget import REPORT_IMAGES, third_of_published
from line_tui.explain.intervals import verified_score
from line_tui.explain.ports import Gallery
from line_tui.explain.scores import scored
from line_tui.explain.state import Control, RunState, next_id, value, verdict
from line_tui.explain.steps import Done, Draw, Judged, MeasureControl, Record, Step
from line_tui.explain.strategies import Words
from line_tui.explain.verification import nothing, report

Pick = Callable[[Control, RunState, int], list[str]]
"""Picks a number of words from a control set."""


def strongest(control: Control, state: RunState, count: int) -> list[str]:
    """The words with the highest mean activation."""
    order = np.argsort([-fmean(row) for row in control.activations], kind="stable")
    return [control.concepts[n] for n in order[:count]]


def create(words: Words) -> Vocabulary:
    """Creates the strategy for the registry."""
    return Vocabulary()


class Vocabulary:
    """Draws the words that `pick` returns, `images` pictures each, and reports the best on new pictures."""

    def __init__(self, pick: Pick = strongest, origin: e.Origin = "vocabulary") -> None:
        self._pick, self._origin = pick, origin

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """Draw all words, then report the best."""
        if state.outcome is not None:
            return Done()
        if state.control is None:
            return MeasureControl()
        images = state.spec.images
        if not any(trial.origin == self._origin for trial in state.trials.values()):
            words = self._pick(state.control, state, max(1, third_of_published(state) // images))
            return Record(
                [
                    e.Proposed(trial=next_id(state, n), concept=word, origin=self._origin, iteration=0)
                    for n, word in enumerate(words)
                ]
            )
        live = [trial for trial in state.trials.values() if verdict(state, trial) != "rejected"]
        for trial in live:
            if missing := trial.missing(images):
                return Draw(trial.id, missing)
            if trial.score is None:
                members = [other.id for other in live if other.score is not None or other.id == trial.id]
                score = scored(trial.id, trial.activations(), state.control.flat)
                return Record([score, e.PoolChanged(members=members)])
        if not live:
            return nothing("every concept was rejected")
        best = max(live, key=lambda trial: value(trial.score, state.spec.metric) if trial.score else 0.0)
        if step := report(best, REPORT_IMAGES):
            return step
        verified = verified_score(best.activations("report"), state.control.flat)
        return Record(
            [
                e.Verified(trial=best.id, concept=best.concept, score=verified),
                e.Finished(label=best.concept, trial=best.id, reason=f"the best of {len(live)} words"),
            ]
        )

    def judge(self, state: RunState, reply: str) -> Judged:
        """Raises, since no language model is used."""
        raise NotImplementedError
