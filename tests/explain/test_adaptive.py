import pytest

from line_tui import events as e
from line_tui.explain.adaptive import FRESH, Adaptive
from line_tui.explain.budget import REPORT
from line_tui.explain.meaning import Lexicon
from line_tui.explain.parts import Parts
from line_tui.explain.ports import Cancelled
from tests.explain.runs import OpenGate, Run
from tests.fakes import VOCABULARY, FakeEmbedder, FakeLanguage

REDS = ["rose", "strawberry", "fire engine", "violin case", "boots"]


def adaptive(*words: str, **parts: bool) -> Adaptive:
    embedder = FakeEmbedder()
    return Adaptive(embedder, Lexicon(list(words), embedder.embed(list(words))) if words else None, Parts(**parts))


def by_score() -> Adaptive:
    """Without the choice by fit: among letters alone, what fits the bank best is left to chance."""
    return adaptive(breadth=False)


def run_of(*replies: str, strategy: Adaptive | None = None, gate: OpenGate | None = None, **spec: object) -> Run:
    return Run(FakeLanguage(replies), strategy or adaptive(), gate, **spec)


def essence(run: Run) -> list[str]:
    return [
        f"{event.trial} {event.purpose} {event.index} {event.image.seed}"
        for event in run.journal.stored
        if isinstance(event, e.ImageScored)
    ]


def test_it_finds_the_word_that_the_bank_lacks() -> None:
    run = run_of(*REDS, strategy=by_score())
    state = run.go()
    assert state.outcome is not None and state.outcome.label == "strawberry"
    assert "strawberry" not in VOCABULARY


def test_a_third_of_the_published_search_images() -> None:
    state = run_of(*REDS).go()
    images = [image for trial in state.trials.values() for image in trial.images]
    assert 0 < sum(image.purpose != "report" for image in images) <= 35


@pytest.mark.parametrize(("iterations", "images"), [(1, 5), (10, 2), (3, 3), (10, 5)])
def test_a_small_budget_asks_the_language_model_too(iterations: int, images: int) -> None:
    lexicon = adaptive("strawberries", "tomatoes", "potatoes", "ferry", "berry", "cherry", "map maker", "lamps")
    state = run_of(*REDS, strategy=lexicon, iterations=iterations, images=images).go()
    assert any(trial.origin == "llm" and trial.images for trial in state.trials.values())
    searched = [image for trial in state.trials.values() for image in trial.images if image.purpose != "report"]
    assert len(searched) <= (10 + iterations + 1) * images // 3


def test_the_score_is_reported_from_images_drawn_for_it_alone() -> None:
    state = run_of(*REDS).go()
    assert state.verified is not None and state.outcome is not None
    label = state.trials[state.verified.trial]
    assert state.verified.score.images == len(label.seen("report")) == REPORT
    others = {image.image.seed for image in label.images if image.purpose != "report"}
    assert not others & {image.image.seed for image in label.seen("report")}


def test_bank_words_take_part_without_an_image() -> None:
    state = run_of(*REDS).go()
    warm = [trial for trial in state.trials.values() if trial.origin == "vocabulary"]
    assert any(trial.concept == "tomato" for trial in warm)
    assert not any(image.index == 0 and image.purpose == "search" for trial in warm for image in trial.images)
    assert all(trial.score is not None and trial.score.images >= 2 for trial in warm)


def test_words_of_the_lexicon_are_drawn_without_a_language_model() -> None:
    state = run_of(strategy=adaptive("strawberry", "tomatoes", language=False)).go()
    assert {"bank"} == {trial.origin for trial in state.trials.values()} - {"vocabulary"}
    assert any(trial.concept == "strawberry" for trial in state.trials.values())


def test_the_same_in_other_words_is_refused_before_an_image_is_spent() -> None:
    state = run_of("tomatoe", "tomatos", *REDS).go()
    reasons = {refusal.text: refusal.reason for refusal in state.refusals}
    assert reasons["tomatos"] == "already tried as 'tomato'"
    assert not any(trial.concept == "tomatos" for trial in state.trials.values())


def test_a_model_that_runs_dry_is_fed_by_the_bank() -> None:
    run = Run(FakeLanguage(words=["tomato"]), adaptive(), iterations=3)
    state = run.go()
    assert [stall.iteration for stall in state.stalls] == [1, 2, 3, 4]
    assert state.outcome is not None and state.outcome.label == "tomato"
    assert all("bank" in stall.remedy for stall in state.stalls)


@pytest.mark.parametrize("steps", [0, 1, 3, 8, 15, 22, 30])
def test_a_run_that_was_cut_off_reaches_the_same_result(steps: int) -> None:
    whole = run_of()
    expected = whole.go()
    cut = run_of(gate=OpenGate(stop_after=steps))
    with pytest.raises(Cancelled):
        cut.go()
    cut.gate = OpenGate()
    cut.strategy = adaptive()
    assert cut.go().outcome == expected.outcome
    assert essence(cut) == essence(whole)


def test_what_was_rejected_is_not_the_label() -> None:
    run = run_of(*REDS)
    run.go()
    best = next(t for t in run.go().trials.values() if t.concept == "strawberry")
    again = run_of(*REDS)
    again.journal.stored = [event for event in run.journal.stored if not isinstance(event, e.Finished)]
    again.say(kind="reject", trial=best.id)
    state = again.go()
    assert state.outcome is not None and state.outcome.label not in (None, "strawberry")
    assert state.verified is not None and state.verified.concept == state.outcome.label


def test_the_persons_own_concept_joins_the_race() -> None:
    run = run_of("violin case", "boots")
    run.say(kind="add", concept="strawberry")
    state = run.go()
    assert state.outcome is not None and state.outcome.label == "strawberry"


def test_what_was_accepted_is_a_finalist_and_no_more() -> None:
    run = run_of(*REDS, strategy=by_score())
    run.say(kind="add", concept="coal")
    run.say(kind="accept", trial="d1")
    state = run.go()
    assert len(state.trials["d1"].seen("choose")) >= FRESH
    assert state.outcome is not None and state.outcome.label == "strawberry"


def test_ask_first_draws_nothing_that_the_person_has_not_seen() -> None:
    run = run_of("rose", iterations=1)
    run.gate = OpenGate(on_wait=lambda: run.say(kind="reject", trial=_open(run)))
    run.journal.person.append(e.ModeChanged(ask_first=True))
    state = run.go()
    assert not any(trial.images for trial in state.trials.values() if trial.origin in ("llm", "summary", "bank"))


def _open(run: Run) -> str:
    rejected = {event.trial for event in run.of(e.Decided) if isinstance(event, e.Decided)}
    return next(
        event.trial
        for event in run.of(e.Proposed)
        if isinstance(event, e.Proposed)
        and event.origin not in ("vocabulary", "random")
        and event.trial not in rejected
    )


def test_the_label_is_compared_with_less_of_itself() -> None:
    state = run_of(*REDS, strategy=by_score()).go()
    assert state.outcome is not None
    pairs = [pair for pair in state.pairs if pair.concept == state.outcome.label]
    dropped = next(pair for pair in pairs if pair.kind == "drop")
    assert dropped.variant == "" and dropped.lost > 0.5 and dropped.p_value < 0.01
    assert [side.image.seed for side in dropped.before] == [side.image.seed for side in dropped.after]
    assert all(side.image.prompt == "" for side in dropped.after)
