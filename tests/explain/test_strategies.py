import pytest

from line_tui.errors import UnknownNameError, UsageError
from line_tui.explain import strategies
from line_tui.explain.strategies import Words, check_metric, metric_of
from line_tui.explain.word_similarity import Lexicon
from tests.explain.runs import Run
from tests.fakes import FakeEmbedder


@pytest.mark.parametrize("name", strategies.NAMES)
def test_every_strategy_runs_as_it_is_registered(name: str) -> None:
    registered = strategies.find(name)
    made = registered.make(Words(FakeEmbedder(), Lexicon))
    for metric in registered.metrics:
        state = Run(strategy=made, kind=name, metric=metric).go()
        assert state.outcome is not None
        images = [image for trial in state.trials.values() for image in trial.images]
        assert sum(image.purpose != "report" for image in images) <= registered.search_images(state)
        assert sum(image.purpose == "report" for image in images) <= registered.report_images


def test_a_metric_works_or_is_refused() -> None:
    check_metric("published", "auc")
    with pytest.raises(UsageError, match="does not support 'auc'"):
        check_metric("adaptive", "auc")
    with pytest.raises(UnknownNameError, match="no strategy named 'adaptiv'"):
        check_metric("adaptiv", "auc")


def test_a_usual_wish_counts_where_it_can() -> None:
    assert metric_of("published", "auc") == metric_of("vocabulary", "auc") == "auc"
    assert metric_of("adaptive", "auc") == metric_of("adaptive", None) == "correlation"
