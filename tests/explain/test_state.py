import pytest

from line_tui import events as e
from line_tui.explain.state import RunState, apply, concept_of, fold, verdict, waits_for_user
from tests.explain.runs import started

DOG = e.Proposed(trial="t1", concept="dog", origin="llm", iteration=1)
PICTURE = e.ImageRecord(identity="i", path="p", prompt="dog", seed=1)
IMAGE = e.ImageScored(trial="t1", concept="dog", index=0, image=PICTURE, activation=0.5)


def decided(decision: str, kind: e.DecisionKind, **fields: str) -> e.Decided:
    return e.Decided(decision=decision, kind=kind, **fields)


def test_an_empty_run_has_no_spec() -> None:
    with pytest.raises(ValueError, match="no first event"):
        _ = RunState().spec


def test_apply_leaves_the_old_state_alone() -> None:
    before = fold([started(), DOG])
    after = apply(before, IMAGE)
    assert before.trials["t1"].images == ()
    assert after.trials["t1"].activations() == [0.5]


def test_purposes_are_kept_apart() -> None:
    fresh = e.ImageScored(trial="t1", concept="dog", index=0, purpose="report", image=PICTURE, activation=0.9)
    trial = fold([started(), DOG, IMAGE, fresh]).trials["t1"]
    assert trial.activations() == [0.5]
    assert trial.activations("report") == [0.9]


def test_the_last_word_counts_and_undo_takes_it_back() -> None:
    state = fold([started(), DOG, decided("d1", "accept", trial="t1")])
    assert verdict(state, state.trials["t1"]) == "accepted"
    state = apply(state, decided("d2", "reject", trial="t1"))
    assert verdict(state, state.trials["t1"]) == "rejected"
    state = apply(state, decided("d3", "undo", undoes="d2"))
    assert verdict(state, state.trials["t1"]) == "accepted"
    state = apply(state, decided("d4", "undo", undoes="d3"))
    assert verdict(state, state.trials["t1"]) == "rejected"
    assert [d.decision for d in state.standing.decisions] == ["d1", "d2"]


def test_an_added_concept_can_be_taken_back() -> None:
    state = fold([started(), decided("d1", "add", concept="wolf")])
    assert state.trials["d1"].origin == "user"
    assert verdict(state, state.trials["d1"]) == "open"
    state = apply(state, decided("d2", "undo", undoes="d1"))
    assert verdict(state, state.trials["d1"]) == "rejected"


def test_an_edit_counts_until_the_first_image() -> None:
    state = fold([started(), DOG, decided("d1", "edit", trial="t1", concept="wolf")])
    assert concept_of(state, state.trials["t1"]) == "wolf"
    # The engine was already drawing the dog when the edit was stored.
    state = apply(state, IMAGE)
    assert concept_of(state, state.trials["t1"]) == "dog"


def test_an_edit_counts_until_a_score_without_images() -> None:
    score = e.TrialScored(trial="t1", mean=1.0, auc=0.9, mad=2.0, images=4)
    edited = decided("d1", "edit", trial="t1", concept="wolf")
    # The score is of the concept that it was when it was scored, whatever is edited or taken back later.
    late = fold([started(), DOG, score, edited])
    assert concept_of(late, late.trials["t1"]) == "dog"
    early = fold([started(), DOG, edited, score, decided("d2", "undo", undoes="d1")])
    assert concept_of(early, early.trials["t1"]) == "wolf"


def test_who_waits() -> None:
    state = fold([started(ask_first=True), DOG])
    trial = state.trials["t1"]
    assert waits_for_user(state, trial)
    assert not waits_for_user(apply(state, e.ModeChanged(ask_first=False)), trial)
    assert not waits_for_user(apply(state, decided("d1", "accept", trial="t1")), trial)
    assert not waits_for_user(apply(state, decided("d1", "edit", trial="t1", concept="wolf")), trial)


def test_a_run_goes_on_after_a_failure() -> None:
    state = fold([started(), e.Failed(cause="a", fix="b")])
    assert state.status == "failed"
    state = apply(state, e.ModelsLoaded(seconds=1.0))
    assert (state.status, state.failure, state.load_seconds) == ("running", None, 1.0)
