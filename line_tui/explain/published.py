"""The published LINE loop (arXiv 2604.08039): ten initial concepts, one proposal per iteration, one summary.

Differences: proposals are validated and never repeat, equal scores do not crash the choice of what to drop, and the
user can decide. A rejected trial leaves the pool and cannot become the label; an accepted one stays in the pool.
"""

from __future__ import annotations

from statistics import fmean

import numpy as np

from line_tui import events as e
from line_tui.errors import UsageError
from line_tui.explain.budget import FIRST_POOL
from line_tui.explain.ports import Gallery
from line_tui.explain.prompting import PromptConcept, Request
from line_tui.explain.proposals import judge, tried
from line_tui.explain.scores import scored
from line_tui.explain.seeds import derive
from line_tui.explain.state import RunState, Trial, attempts, next_id, rejected, verdict, waits_for_user
from line_tui.explain.state import value as value_of
from line_tui.explain.steps import Ask, Done, Draw, Judged, MeasureControl, Record, Step, Wait
from line_tui.explain.strategies import Words
from line_tui.explain.word_forms import same_form

FROM_VOCABULARY = 5
FROM_RANDOM = FIRST_POOL - FROM_VOCABULARY
SUMMARISED_CONCEPTS = 3
ATTEMPTS = 5
"""Refused language-model replies after which the iteration uses a random word instead."""


def create(words: Words) -> Published:
    """Creates the strategy for the registry."""
    return Published()


class Published:
    """A pool of 10 concepts, `iterations` proposals of `images` images each, and a summary of the best three."""

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """Draw open proposals, else propose, else finish."""
        if state.outcome is not None:
            return Done()
        if state.control is None:
            return MeasureControl()
        if not state.trials:
            return Record(list(_first_pool(state)))
        for trial in map(state.trials.__getitem__, state.unscored):
            if verdict(state, trial) != "rejected":
                return self._advance(state, trial)
        iteration = state.proposed_in + 1
        if iteration <= state.iterations:
            return self._propose(state, iteration, "llm")
        if not _summarised(state):
            return self._propose(state, iteration, "summary")
        best = max(pool_of(state), key=lambda trial: value(state, trial), default=None)
        if best is None:
            return Record([e.Finished(label=None, trial=None, reason="every concept was rejected")])
        return Record([e.Finished(label=best.concept, trial=best.id, reason="highest score in the pool")])

    def judge(self, state: RunState, reply: str) -> Judged:
        """Refuse replies that are not concepts, or were tried before."""
        return judge(reply, tried(state))

    def _advance(self, state: RunState, trial: Trial) -> Step:
        if waits_for_user(state, trial):
            return Wait(trial.id)
        if missing := trial.missing(state.spec.images):
            return Draw(trial.id, missing)
        return Record(_concluded(state, trial))

    def _propose(self, state: RunState, iteration: int, origin: e.Origin) -> Step:
        pool = pool_of(state)
        attempt = attempts(state, iteration)
        if attempt >= ATTEMPTS or not pool:
            return Record(_stalled(state, iteration, attempt, origin))
        shown = pool[:SUMMARISED_CONCEPTS] if origin == "summary" else pool
        request = Request(
            move="summarise" if origin == "summary" else "new",
            shown=[PromptConcept(trial.concept, value(state, trial)) for trial in shown],
            rejected=rejected(state),
            accepted=[trial.concept for trial in pool if verdict(state, trial) == "accepted"],
            attempt=attempt,
        )
        return Ask(request, origin, iteration, attempt)


def value(state: RunState, trial: Trial) -> float:
    """The score that the run maximises. Raises ValueError for a trial without one."""
    if trial.score is None:
        raise ValueError(f"trial {trial.id} has no score yet")
    return value_of(trial.score, state.spec.metric)


def pool_of(state: RunState) -> list[Trial]:
    """The pool, best first: its members and accepted trials, without rejected ones."""
    accepted = [id for id, decided in state.standing.verdicts.items() if decided == "accepted"]
    trials = [state.trials[id] for id in {*state.pool, *accepted} if id in state.trials]
    pool = [trial for trial in trials if trial.score is not None and verdict(state, trial) != "rejected"]
    pool.sort(key=lambda trial: trial.place)
    return sorted(pool, key=lambda trial: value(state, trial), reverse=True)


def _first_pool(state: RunState) -> list[e.Proposed]:
    assert state.control is not None
    control = state.control
    order = sorted(range(len(control.concepts)), key=lambda i: fmean(control.activations[i]), reverse=True)
    top, rest = order[:FROM_VOCABULARY], order[FROM_VOCABULARY:]
    rng = np.random.default_rng(derive("first pool", state.spec.seed))
    drawn = rng.choice(len(rest), size=min(FROM_RANDOM, len(rest)), replace=False)
    chosen: list[tuple[int, e.Origin]] = [(i, "vocabulary") for i in top]
    chosen += [(rest[i], "random") for i in drawn]
    return [
        e.Proposed(trial=next_id(state, n), concept=control.concepts[i], origin=origin, iteration=0)
        for n, (i, origin) in enumerate(chosen)
    ]


def _summarised(state: RunState) -> bool:
    return any(trial.origin == "summary" for trial in state.trials.values()) or any(
        stall.iteration > state.iterations for stall in state.stalls
    )


def _stalled(state: RunState, iteration: int, attempts: int, origin: e.Origin) -> list[e.DurableEvent]:
    if origin == "summary":
        return [e.Stalled(iteration=iteration, attempts=attempts, remedy="continued without a summary")]
    word = _random_word(state, iteration)
    return [
        e.Stalled(iteration=iteration, attempts=attempts, remedy=f"took the random word '{word}'"),
        e.Proposed(trial=next_id(state), concept=word, origin="random", iteration=iteration),
    ]


def _random_word(state: RunState, iteration: int) -> str:
    assert state.control is not None
    taken = tried(state)
    free = [word for word in state.control.concepts if same_form(word) not in taken]
    if not free:
        raise UsageError("every word of the vocabulary was tried", "lower --iterations or use a larger bank")
    rng = np.random.default_rng(derive("random word", state.spec.seed, iteration))
    return free[int(rng.integers(len(free)))]


def _concluded(state: RunState, trial: Trial) -> list[e.DurableEvent]:
    assert state.control is not None
    score = scored(trial.id, trial.activations(), state.control.flat)
    new = value_of(score, state.spec.metric)
    members = list(state.pool)
    # While the initial pool fills up, the user's additions join it and nothing is dropped.
    if trial.iteration == 0:
        return [score, e.PoolChanged(members=[*members, trial.id])]
    dropped = _dropped(state, members, new, trial)
    members = [member for member in [*members, trial.id] if member != dropped]
    return [score, e.PoolChanged(members=members, dropped=dropped)]


def _dropped(state: RunState, members: list[str], new: float, trial: Trial) -> str | None:
    """Drop the worst; if the new trial is no better, drop one with weight (best - score), so never the best."""
    free = [state.trials[id] for id in members if verdict(state, state.trials[id]) == "open"]
    if not free:
        return None
    scores = np.array([value(state, other) for other in free])
    if new > scores.min():
        return free[int(scores.argmin())].id
    weights = max(scores.max(), new) - np.append(scores, new)
    if weights.sum() == 0:
        return trial.id
    rng = np.random.default_rng(derive("drop", state.spec.seed, trial.id))
    index = int(rng.choice(len(weights), p=weights / weights.sum()))
    return [*(other.id for other in free), trial.id][index]
