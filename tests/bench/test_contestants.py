import pytest

from line_tui.bench.contestants import Reported, at_random, contestants
from line_tui.explain.published import Published
from line_tui.explain.vocabulary import Vocabulary
from line_tui.explain.word_similarity import Lexicon
from tests.explain.runs import Run
from tests.fakes import VOCABULARY, FakeEmbedder


def test_every_contestant_reports_on_images_of_its_own() -> None:
    state = Run(strategy=Reported(Published())).go()
    assert state.verified is not None and state.outcome is not None
    assert state.verified.trial == state.outcome.trial
    label = state.trials[state.verified.trial]
    assert state.verified.score.images == 50
    assert not {i.image.seed for i in label.images_for("report")} & {i.image.seed for i in label.images_for("search")}


def test_words_alone_spend_what_the_adaptive_loop_may_spend() -> None:
    state = Run(strategy=Vocabulary()).go()
    images = [image for trial in state.trials.values() for image in trial.images_for()]
    assert len(images) == 35
    assert state.outcome is not None and state.outcome.label == "tomato"


def test_random_words_are_others_for_other_neurons() -> None:
    first = Run(strategy=Vocabulary(at_random, "random"), neuron=0).go()
    second = Run(strategy=Vocabulary(at_random, "random"), neuron=1).go()
    words = [{trial.concept for trial in state.trials.values()} for state in (first, second)]
    assert words[0] != words[1]
    assert all(chosen <= set(VOCABULARY) for chosen in words)


@pytest.mark.parametrize("name", list(contestants(FakeEmbedder(), Lexicon())))
def test_every_contestant_comes_to_an_end(name: str) -> None:
    contestant = contestants(FakeEmbedder(), Lexicon())[name]
    state = Run(strategy=contestant.strategy, metric=contestant.metric, iterations=2).go()
    assert state.outcome is not None
    assert state.verified is not None
    assert not state.pairs
