from statistics import fmean

import pytest

from line_tui import events as e
from line_tui.errors import UsageError
from line_tui.explain import strategies
from line_tui.explain.ports import Cancelled
from line_tui.explain.published import pool_of, value
from line_tui.explain.state import RunState, fold, verdict
from tests.explain.runs import FreeRunControl, Run, bank
from tests.fakes import VOCABULARY, FakeLanguage

NEW = ["castle", "river", "spoon", "strawberry", "ladder", "candle", "pencil", "basket", "anchor", "button"]


def interrupted(*said: tuple[e.DecisionKind, str]) -> Run:
    """A run that was cut off after 30 steps and may go on."""
    run = Run(FakeLanguage([*NEW, "red thing"]), run_control=FreeRunControl(stop_after=30))
    for kind, concept in said:
        run.decide(kind=kind, concept=concept)
    with pytest.raises(Cancelled):
        run.go()
    run.run_control = FreeRunControl()
    return run


def test_the_published_budget_scores_and_label() -> None:
    run = Run(FakeLanguage([*NEW, "red thing"]))
    state = run.go()
    assert len(state.trials) == 21
    assert sum(len(trial.images) for trial in state.trials.values()) == 105 == run.generator.drawn
    assert strategies.find("published").search_images(state) == 105
    assert len(run.language.prompts) == 11
    origins = [trial.origin for trial in state.trials.values()]
    assert origins == ["vocabulary"] * 5 + ["random"] * 5 + ["llm"] * 10 + ["summary"]

    assert state.outcome is not None and state.outcome.label == "strawberry"
    assert state.status == "finished"
    for trial in state.trials.values():
        assert trial.score is not None
        assert trial.score.mean == pytest.approx(fmean(trial.activations()))
        assert trial.score.images == 5


def test_the_first_pool_is_the_best_of_the_vocabulary() -> None:
    run = Run(FakeLanguage([*NEW, "red thing"]))
    run.go()
    control = bank(0)
    order = control.activations.mean(axis=1).argsort()[::-1]
    first = [event.concept for event in run.of(e.Proposed)[:5]]  # type: ignore[attr-defined]
    assert first == [VOCABULARY[i] for i in order[:5]]


def test_the_best_never_leaves_the_pool() -> None:
    run = Run(FakeLanguage(["strawberry", *NEW[:3], *NEW[4:], "red thing"]))
    run.go()
    state = RunState()
    best: str | None = None
    for event in run.journal.stored:
        state = fold([event], state)
        if isinstance(event, e.PoolChanged):
            top = max(state.trials.values(), key=lambda t: value(state, t) if t.score else -1)
            assert top.id in event.members
            assert len(event.members) <= 10
            best = top.concept
    assert best == "strawberry"


def test_auc_as_the_metric() -> None:
    state = Run(FakeLanguage([*NEW, "red thing"]), metric="auc").go()
    pool = pool_of(state)
    assert [value(state, trial) for trial in pool] == sorted(
        (trial.score.auc for trial in pool if trial.score), reverse=True
    )


def test_a_stall_is_recorded_and_survived() -> None:
    state = Run(FakeLanguage(["tomato"] * 100), iterations=2).go()
    assert [stall.attempts for stall in state.stalls] == [5, 5, 5]
    assert state.stalls[-1].remedy == "continued without a summary"
    assert all("already tried as 'tomato'" in refusal.reason for refusal in state.refusals)
    assert state.outcome is not None


def test_an_exhausted_vocabulary_names_the_fix() -> None:
    with pytest.raises(UsageError, match="lower --iterations"):
        Run(FakeLanguage(["tomato"] * 100), iterations=10).go()


def test_equal_scores_do_not_crash() -> None:
    # Neuron 1 sees no green in any of these: all dull words, scores near each other; AUC ties at 0 and 1.
    state = Run(FakeLanguage(["strawberry", "rose", "fire engine"]), neuron=1, metric="auc", iterations=3).go()
    assert state.outcome is not None


def test_a_rejected_trial_leaves_the_pool_and_the_race() -> None:
    run = interrupted(("ban", "castle"))
    state = fold(run.journal.stored)
    scored = [trial for trial in state.trials.values() if trial.score]
    best = max(scored, key=lambda trial: value(state, trial))
    run.decide(kind="reject", trial=best.id, reason="no")
    state = run.go()
    assert best.id not in [trial.id for trial in pool_of(state)]
    assert state.outcome is not None
    assert state.outcome.trial != best.id
    assert len(state.trials[best.id].images) == 5
    assert "castle" not in [trial.concept for trial in state.trials.values()]


def test_an_accepted_trial_stays() -> None:
    run = interrupted()
    state = fold(run.journal.stored)
    worst = pool_of(state)[-1]
    run.decide(kind="accept", trial=worst.id)
    assert worst.id in [trial.id for trial in pool_of(run.go())]


def test_ask_first_draws_nothing_without_a_word() -> None:
    run = Run(FakeLanguage([*NEW, "red thing"]), ask_first=True, iterations=3)

    def person() -> None:
        state = fold(run.journal.stored)
        trial = next(
            t
            for t in state.trials.values()
            if t.origin in ("llm", "summary")
            and verdict(state, t) == "open"
            and not t.images
            and not any(d.trial == t.id for d in state.decisions)
        )
        if trial.concept == "river":
            run.decide(kind="reject", trial=trial.id)
        elif trial.concept == "spoon":
            run.decide(kind="edit", trial=trial.id, concept="rose")
        else:
            run.decide(kind="accept", trial=trial.id)

    run.run_control = FreeRunControl(on_wait=person)
    state = run.go()
    by_concept = {trial.concept: trial for trial in state.trials.values()}
    assert not by_concept["river"].images
    assert "spoon" not in by_concept
    assert len(by_concept["rose"].images) == 5
    assert "rejected   river" in run.language.prompts[2].user


def test_the_users_own_concept_costs_no_iteration() -> None:
    run = Run(FakeLanguage([*NEW, "red thing"]), iterations=2)
    run.decide(kind="add", concept="strawberry")
    state = run.go()
    assert sum(trial.origin == "llm" for trial in state.trials.values()) == 2
    assert state.outcome is not None
    assert state.outcome.label == "strawberry"


def test_a_raised_budget_is_spent() -> None:
    run = Run(FakeLanguage([*NEW, "red thing"]), iterations=2)
    run.journal.pending.append(e.BudgetChanged(iterations=4))
    assert sum(trial.origin == "llm" for trial in run.go().trials.values()) == 4
