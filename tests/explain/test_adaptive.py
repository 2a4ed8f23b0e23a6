from collections.abc import Callable

import pytest

from line_tui import events as e
from line_tui.explain.adaptive import COMPOSITIONS, Adaptive
from line_tui.explain.budget import FIRST_IMAGES, QUICK_REPORT_IMAGES, REPORT_IMAGES
from line_tui.explain.control_analysis import ControlAnalysis
from line_tui.explain.ports import Cancelled
from line_tui.explain.state import RunState
from line_tui.explain.word_similarity import Lexicon
from line_tui.report.findings_text import argument
from tests.explain.runs import FreeRunControl, Run
from tests.fakes import COLOURS, VOCABULARY, FakeEmbedder, FakeLanguage

REDS = ["rose", "strawberry", "fire engine", "violin case", "boots"]


def adaptive(*words: str) -> Adaptive:
    embedder = FakeEmbedder()
    return Adaptive(embedder, Lexicon(list(words), embedder.embed(list(words))) if words else None)


def run_of(
    *replies: str,
    strategy: Adaptive | None = None,
    run_control: FreeRunControl | None = None,
    kind: str = "adaptive",
    **spec: object,
) -> Run:
    return Run(FakeLanguage(replies), strategy or adaptive(), run_control, kind, **{"metric": "correlation", **spec})


def essence(run: Run) -> list[str]:
    return [
        f"{event.trial} {event.purpose} {event.index} {event.image.seed}"
        for event in run.journal.stored
        if isinstance(event, e.ImageScored)
    ]


def searched(state: RunState) -> list[e.ImageScored]:
    return [image for trial in state.trials.values() for image in trial.images if image.purpose != "report"]


def reported(state: RunState) -> list[e.ImageScored]:
    return [image for trial in state.trials.values() for image in trial.images_for("report")]


@pytest.fixture(scope="module")
def reds() -> RunState:
    return run_of(*REDS).go()


def test_the_explanation_says_what_each_concept_accounts_for(reds: RunState) -> None:
    assert reds.outcome is not None and reds.outcome.label is not None
    assert reds.explanation is not None and reds.explanation.final
    assert reds.explanation.concepts[0].concept == reds.outcome.label
    total = sum(one.share for one in reds.explanation.concepts) + reds.explanation.unexplained
    assert total == pytest.approx(1, abs=1e-5)
    assert [sense.label for sense in reds.senses] == [one.concept for one in reds.explanation.concepts]
    assert [sense.share for sense in reds.senses] == [one.share for one in reds.explanation.concepts]


def test_the_label_is_red(reds: RunState) -> None:
    assert reds.outcome is not None and reds.outcome.label in ("tomato", "rose", "strawberry", "fire engine")


def test_a_third_of_the_published_search_images_and_no_more_for_the_report(reds: RunState) -> None:
    assert 0 < len(searched(reds)) <= 35
    assert 0 < len(reported(reds)) <= REPORT_IMAGES


@pytest.mark.parametrize(("iterations", "images"), [(1, 5), (10, 2), (3, 3), (10, 5)])
def test_a_small_budget_asks_the_language_model_too(iterations: int, images: int) -> None:
    lexicon = adaptive("strawberries", "tomatoes", "potatoes", "ferry", "berry", "cherry", "rose", "lamps")
    state = run_of("rose", *REDS, strategy=lexicon, iterations=iterations, images=images).go()
    assert state.calls > 0
    assert len(searched(state)) <= (10 + iterations + 1) * images // 3


def test_the_score_is_reported_from_images_drawn_for_it_alone(reds: RunState) -> None:
    assert reds.verified is not None
    label = reds.trials[reds.verified.trial]
    assert reds.verified.score.images == len(label.images_for("report"))
    assert not {image.image.seed for image in searched(reds)} & {image.image.seed for image in reported(reds)}
    score = reds.verified.score
    assert score.correlation is not None and score.correlation_low is not None and score.correlation_high is not None
    assert score.correlation_low <= score.correlation <= score.correlation_high


def test_it_opens_with_words_of_the_control_set_without_an_image() -> None:
    run = run_of(*REDS)
    state = run.go()
    first = next(n for n, event in enumerate(run.journal.stored) if isinstance(event, e.ImageScored))
    opened = [event for event in run.journal.stored[:first] if isinstance(event, e.TrialScored)]
    assert opened and all(state.trials[event.trial].concept in VOCABULARY for event in opened)
    assert all(event.correlation is not None for event in opened)


def test_words_that_the_responses_point_at_are_drawn() -> None:
    state = run_of(*REDS, strategy=adaptive("strawberry", "tomatoes", *"abcdefgh")).go()
    assert any(trial.origin == "bank" and trial.images for trial in state.trials.values())


def test_what_no_word_explains_may_be_how_pictures_are_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ControlAnalysis, "p_value", lambda *scores: 1.0)
    monkeypatch.setitem(COLOURS, "pink background", (250, 10, 10))
    state = run_of(*REDS).go()
    tried = {trial.concept: trial for trial in state.trials.values() if trial.concept in COMPOSITIONS}
    assert set(tried) == set(COMPOSITIONS)
    searched_for = {concept: len(trial.images_for()) for concept, trial in tried.items()}
    assert searched_for.pop("pink background") == FIRST_IMAGES
    assert set(searched_for.values()) == {1}
    assert len(searched(state)) <= 35
    assert state.outcome is not None and state.outcome.label is None


def test_a_repeat_is_a_vote_that_earns_pictures() -> None:
    state = run_of("rose", "rose", "violin case", "violin case").go()
    rose = next(trial for trial in state.trials.values() if trial.concept == "rose")
    assert rose.votes == (4,)
    assert len(rose.images_for()) == 2 * FIRST_IMAGES
    # It is no vote for what accounts for nothing.
    case = next(trial for trial in state.trials.values() if trial.concept == "violin case")
    assert case.votes == () and any(refusal.text == "violin case" for refusal in state.refusals)


def test_what_no_dictionary_knows_is_refused() -> None:
    state = run_of("albatrak", "rose", strategy=adaptive("rose", "chestnut")).go()
    assert "not a known word: 'albatrak'" in [refusal.reason for refusal in state.refusals]


def test_the_next_question_knows_the_last_answer() -> None:
    run = run_of(*REDS)
    run.go()
    asked = [event for event in run.journal.stored if isinstance(event, e.Proposed) and event.origin == "llm"]
    for n, event in enumerate(run.journal.stored):
        if isinstance(event, e.Proposed) and event.origin in ("llm", "bank"):
            following = run.journal.stored[n + 1 :]
            drawn = next(i for i, later in enumerate(following) if isinstance(later, e.ImageScored))
            assert not any(isinstance(later, e.Proposed) for later in following[:drawn])
    assert len(asked) >= 4


@pytest.fixture(scope="module")
def whole() -> Run:
    run = run_of()
    run.go()
    return run


@pytest.mark.parametrize("steps", [0, 1, 3, 8, 15, 22, 30])
def test_a_run_that_was_cut_off_reaches_the_same_result(steps: int, whole: Run) -> None:
    cut = run_of(run_control=FreeRunControl(stop_after=steps))
    with pytest.raises(Cancelled):
        cut.go()
    cut.run_control = FreeRunControl()
    cut.strategy = adaptive()
    assert cut.go().outcome == whole.journal.stored[-1]
    assert essence(cut) == essence(whole)


def test_what_was_rejected_is_not_the_label() -> None:
    run = run_of(*REDS)
    best = run.go().outcome
    assert best is not None
    again = run_of(*REDS)
    again.journal.stored = [event for event in run.journal.stored if not isinstance(event, e.Finished)]
    again.decide(kind="reject", trial=best.trial)
    state = again.go()
    assert state.outcome is not None and state.outcome.label not in (None, best.label)
    assert state.verified is not None and state.verified.concept == state.outcome.label


def test_the_users_own_concept_is_drawn_and_scored() -> None:
    run = run_of("violin case", "boots")
    run.decide(kind="add", concept="strawberry")
    own = run.go().trials["d1"]
    assert len(own.images_for()) >= FIRST_IMAGES and own.score is not None and own.score.correlation is not None


def test_what_was_accepted_is_a_finalist() -> None:
    run = run_of(*REDS)
    run.decide(kind="add", concept="coal")
    run.decide(kind="accept", trial="d1")
    assert run.go().trials["d1"].images_for("choose")


def answering(run: Run, answer: Callable[[str], dict[str, object]]) -> list[str]:
    """Answer each question of the run as the user."""
    asked: list[str] = []

    def answer_the_last() -> None:
        last = [event for event in run.of(e.Proposed) if isinstance(event, e.Proposed)][-1]
        asked.append(last.trial)
        run.decide(trial=last.trial, **answer(last.trial))

    run.run_control = FreeRunControl(on_wait=answer_the_last)
    return asked


def in_turn(run: Run, asked: list[str], drawn: bool) -> None:
    """Each question came after the pictures that the answer before it called for, and none came twice."""
    assert len(asked) == len(set(asked)) >= 8
    shown = [event.trial for event in run.of(e.ImageScored) if isinstance(event, e.ImageScored)]
    assert [trial for trial in asked if trial in shown] == (asked if drawn else [])
    last: str | None = None
    for event in run.journal.stored:
        if isinstance(event, e.Proposed) and event.trial in asked:
            assert last is None or not drawn
            last = event.trial
        elif isinstance(event, e.TrialScored) and event.trial == last:
            last = None


@pytest.mark.parametrize("kind", ["accept", "reject", "edit"])
def test_ask_first_a_whole_run_with_the_same_answer_to_each(kind: str) -> None:
    run = run_of(*REDS, ask_first=True)

    def answer(trial: str) -> dict[str, object]:
        new = {"concept": f"sapphire {trial}"} if kind == "edit" else {}
        return {"kind": kind, **new}

    asked = answering(run, answer)
    state = run.go()
    in_turn(run, asked, drawn=kind != "reject")
    if kind == "edit":
        assert all(state.trials[trial].concept == f"sapphire {trial}" for trial in asked)
        return
    assert state.outcome is not None and state.outcome.label is not None
    # Where all are rejected, the words of the control set are left.
    assert kind == "accept" or state.outcome.label in VOCABULARY


def test_the_label_is_compared_with_less_of_itself(reds: RunState) -> None:
    assert reds.outcome is not None
    pairs = [pair for pair in reds.pairs if pair.concept == reds.outcome.label]
    dropped = next(pair for pair in pairs if pair.kind == "drop")
    assert dropped.relative_drop > 0.5 and dropped.p_value < 0.01
    assert [side.image.seed for side in dropped.before] == [side.image.seed for side in dropped.after]


def test_a_finished_run_goes_on_with_a_larger_budget() -> None:
    run = run_of(*REDS, iterations=2)
    first = run.go()
    assert first.outcome is not None
    run.journal.append(e.BudgetChanged(iterations=6))
    state = run.go()
    assert state.outcome is not None and state.iterations == 6
    assert max(trial.iteration for trial in state.trials.values()) > 2
    assert state.explanation is not None and state.explanation.final


def test_a_user_has_another_concept_verified_in_place_of_the_label() -> None:
    run = run_of(*REDS)
    first = run.go()
    assert first.outcome is not None and first.outcome.trial is not None
    other = next(trial for trial in first.trials.values() if trial.concept != first.outcome.label)
    run.journal.append(e.Decided(decision="d1", kind="verify", trial=other.id))
    state = run.go()
    assert state.outcome is not None and state.verified is not None
    assert (state.verified.trial, state.verified.concept) == (other.id, other.concept)
    assert state.explanation is not None and [one.trial for one in state.explanation.concepts] == [other.id]
    assert state.outcome.trial in (other.id, None)
    assert len(state.trials[other.id].images_for("report")) == REPORT_IMAGES
    # Nothing else was searched for that.
    assert len(searched(state)) <= len(searched(first)) + FIRST_IMAGES


def test_a_concept_of_ones_own_comes_to_the_final_and_crowds_nothing_out() -> None:
    run = run_of(*REDS, iterations=4)
    for n, word in enumerate(("sky", "sea", "grass", "moss")):
        run.journal.append(e.Decided(decision=f"own{n}", kind="add", concept=word))
    state = run.go()
    final = {trial.id for trial in state.trials.values() if trial.images_for("choose")}
    own = {trial.id for trial in state.trials.values() if trial.origin == "user"}
    assert own and own <= final and len(final - own) >= 2
    assert state.outcome is not None and state.outcome.label in ("tomato", "rose", "strawberry", "fire engine")


def test_a_quick_look_takes_a_tenth_of_the_pictures_and_says_so() -> None:
    quick_look = Adaptive(FakeEmbedder(), pairs=False)
    whole, quick = run_of(*REDS).go(), run_of(*REDS, strategy=quick_look, kind="quick").go()
    assert quick.outcome is not None and quick.outcome.label is not None
    drawn = [sum(len(trial.images) for trial in state.trials.values()) for state in (whole, quick)]
    assert 0 < drawn[1] <= drawn[0] / 8 and drawn[1] <= FIRST_IMAGES + QUICK_REPORT_IMAGES
    assert not quick.pairs
    assert argument(quick)[0].startswith(f"A quick look with {drawn[1]} pictures, a tenth of a full run")
    assert "quick look" not in " ".join(argument(whole))
