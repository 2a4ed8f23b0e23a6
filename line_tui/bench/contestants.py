"""The search strategies that the bench compares, all ending with the same report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from line_tui import events as e
from line_tui.explain.adaptive import Adaptive
from line_tui.explain.budget import REPORT_IMAGES
from line_tui.explain.intervals import verified_score
from line_tui.explain.ports import Embedder, Gallery
from line_tui.explain.published import Published
from line_tui.explain.seeds import derive
from line_tui.explain.state import Control, RunState
from line_tui.explain.steps import Ask, Done, Judged, Record, Step, Strategy
from line_tui.explain.verification import report
from line_tui.explain.vocabulary import Vocabulary
from line_tui.explain.word_similarity import Lexicon


@dataclass(frozen=True)
class Contestant:
    """A strategy and the metric that it maximises."""

    strategy: Strategy
    metric: e.Metric


class Reported:
    """Adds a report on 50 new pictures to a strategy, as the other strategies have."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """The strategy's step, and at the end the report."""
        step = self._strategy.next_step(state, gallery)
        if not isinstance(step, Done) or state.outcome is None or state.outcome.trial is None:
            return step
        label = state.trials[state.outcome.trial]
        if drawing := report(label, REPORT_IMAGES):
            return drawing
        if state.verified is not None or state.control is None:
            return step
        score = verified_score(label.activations("report"), state.control.flat)
        return Record([e.Verified(trial=label.id, concept=label.concept, score=score)])

    def judge(self, state: RunState, reply: str) -> Judged:
        """The strategy's verdict."""
        return self._strategy.judge(state, reply)


class WithoutLanguage(Adaptive):
    """The adaptive loop without the language model: only words suggested by the responses."""

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """The adaptive loop's step, without requests to the language model."""
        step = super().next_step(state, gallery)
        if isinstance(step, Ask):
            return Record([e.Stalled(iteration=step.iteration, attempts=0, remedy="nobody was asked")])
        return step


def at_random(control: Control, state: RunState, count: int) -> list[str]:
    """Picks random words of the vocabulary."""
    rng = np.random.default_rng(derive("random words", state.spec.seed, state.spec.neuron))
    return [control.concepts[i] for i in rng.choice(len(control.concepts), count, replace=False)]


def contestants(embedder: Embedder, lexicon: Lexicon) -> dict[str, Contestant]:
    """All contestants by name; `adaptive - x` is the adaptive loop without part x."""
    return {
        "adaptive": Contestant(Adaptive(embedder, lexicon, pairs=False), "correlation"),
        "published, mean": Contestant(Reported(Published()), "mean"),
        "published, auc": Contestant(Reported(Published()), "auc"),
        "vocabulary": Contestant(Vocabulary(), "mean"),
        "random words": Contestant(Vocabulary(at_random, "random"), "mean"),
        "adaptive - language": Contestant(WithoutLanguage(embedder, lexicon, pairs=False), "correlation"),
        "adaptive - lexicon": Contestant(Adaptive(embedder, pairs=False), "correlation"),
    }
