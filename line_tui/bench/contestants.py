"""The ways to search that the bench compares, each with the same report at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from statistics import fmean

import numpy as np

from line_tui import events as e
from line_tui.explain.adaptive import Adaptive
from line_tui.explain.conclusion import report
from line_tui.explain.intervals import verified_score
from line_tui.explain.meaning import Lexicon
from line_tui.explain.parts import Parts
from line_tui.explain.ports import Embedder
from line_tui.explain.published import Published
from line_tui.explain.seeds import derive
from line_tui.explain.state import Control, RunState, next_id
from line_tui.explain.steps import Done, Draw, MeasureControl, Record, Step, Strategy

WORDS, IMAGES = 7, 5
"""What the adaptive loop may draw, 35 images, spent on words that are chosen beforehand."""
BENCH = Parts(pairs=False)
"""Minimal pairs change no label and no score."""


@dataclass(frozen=True)
class Contestant:
    """A strategy and the metric that it is asked to raise."""

    strategy: Strategy
    metric: e.Metric = "mean"


class Reported:
    """A strategy whose label is measured on 50 images of its own, as the adaptive one does by itself."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def next_step(self, state: RunState) -> Step:
        """What the strategy does, then the report."""
        step = self._strategy.next_step(state)
        if not isinstance(step, Done) or state.outcome is None or state.outcome.trial is None:
            return step
        label = state.trials[state.outcome.trial]
        if drawing := report(label):
            return drawing
        if state.verified is not None or state.control is None:
            return step
        score = verified_score(label.activations("report"), state.control.flat)
        return Record([e.Verified(trial=label.id, concept=label.concept, score=score)])

    def refuse(self, state: RunState, reply: str) -> tuple[str, str | None]:
        """As the strategy does."""
        return self._strategy.refuse(state, reply)

    def images_planned(self, state: RunState) -> int:
        """As the strategy does."""
        return self._strategy.images_planned(state)


class WordsAlone:
    """No search: some words of the vocabulary, `IMAGES` images each, the highest mean wins."""

    def __init__(self, pick: Callable[[Control, RunState], list[str]], origin: e.Origin) -> None:
        self._pick, self._origin = pick, origin

    def next_step(self, state: RunState) -> Step:
        """Draw all words, then take the best."""
        if state.outcome is not None:
            return Done()
        if state.control is None:
            return MeasureControl()
        if not state.trials:
            return Record(
                [
                    e.Proposed(trial=next_id(state, n), concept=word, origin=self._origin, iteration=0)
                    for n, word in enumerate(self._pick(state.control, state))
                ]
            )
        for trial in state.trials.values():
            if missing := list(range(len(trial.seen()), IMAGES)):
                return Draw(trial.id, missing)
        best = max(state.trials.values(), key=lambda trial: fmean(trial.activations()))
        return Record([e.Finished(label=best.concept, trial=best.id, reason="highest mean")])

    def refuse(self, state: RunState, reply: str) -> tuple[str, str | None]:
        """No language model is asked."""
        raise NotImplementedError

    def images_planned(self, state: RunState) -> int:
        """All of them."""
        return WORDS * IMAGES


def strongest(control: Control, state: RunState) -> list[str]:
    """The words with the highest mean in the bank: the most that a method with a fixed vocabulary can find."""
    order = np.argsort([-fmean(row) for row in control.activations])
    return [control.concepts[i] for i in order[:WORDS]]


def at_random(control: Control, state: RunState) -> list[str]:
    """Any words of the vocabulary."""
    rng = np.random.default_rng(derive("random words", state.spec.seed, state.spec.neuron))
    return [control.concepts[i] for i in rng.choice(len(control.concepts), WORDS, replace=False)]


def contestants(embedder: Embedder, lexicon: Lexicon) -> dict[str, Contestant]:
    """All by name; those named `adaptive - x` have the part x switched off."""
    found = {
        "published, mean": Contestant(Reported(Published())),
        "published, auc": Contestant(Reported(Published()), "auc"),
        "adaptive": Contestant(Adaptive(embedder, lexicon, BENCH)),
        "vocabulary only": Contestant(Reported(WordsAlone(strongest, "vocabulary"))),
        "random words": Contestant(Reported(WordsAlone(at_random, "random"))),
    }
    for part in fields(Parts):
        if part.name not in ("senses", "pairs"):
            without = replace(BENCH, senses=False, **{part.name: False})
            found[f"adaptive - {part.name}"] = Contestant(Adaptive(embedder, lexicon, without))
    return found
