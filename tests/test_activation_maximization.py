import pytest

from line_tui.activation_maximization import Best, best_generated, share
from line_tui.explain.state import RunState, fold
from tests.explain.runs import Run
from tests.fakes import FakeLanguage, FakeVision


def best(activation: float, control_mean: float) -> Best:
    return Best(activation=activation, concept="dog", run_id="r", path="p", control_mean=control_mean)


def test_the_best_image_of_all_runs() -> None:
    states = []
    for word in ("coal", "strawberry"):
        run = Run(FakeLanguage([word]), iterations=1)
        run.go()
        states.append(fold(run.journal.stored))
    found = best_generated(states, FakeVision.name)
    assert found is not None
    assert found.concept == "strawberry"
    assert found.activation == max(
        image.activation for state in states for trial in state.trials.values() for image in trial.images
    )


def test_runs_of_other_weights_do_not_count() -> None:
    run = Run(FakeLanguage(["coal"]), iterations=1)
    run.go()
    assert best_generated([fold(run.journal.stored)], "fake-vision@2") is None


def test_nothing_without_a_run() -> None:
    assert best_generated([], FakeVision.name) is None
    assert best_generated([RunState()], FakeVision.name) is None


def test_the_share_by_hand() -> None:
    assert share(5.0, best(3.0, 1.0)) == pytest.approx(0.5)
    assert share(1.0, best(3.0, 1.0)) is None
    assert share(1.0, None) is None
