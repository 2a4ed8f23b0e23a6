from itertools import count

import pytest

from line_tui import events as e
from line_tui.explain.ports import Cancelled
from tests.explain.runs import FreeRunControl, Run


def essence(run: Run) -> list[str]:
    """What must be the same in two runs: everything but the seconds."""
    return [
        f"{event.trial} {event.index} {event.activation} {event.image.seed}"
        if isinstance(event, e.ImageScored)
        else f"{event.concept} {event.origin}"
        if isinstance(event, e.Proposed)
        else f"{event.members} {event.dropped}"
        for event in run.journal.stored
        if isinstance(event, e.ImageScored | e.Proposed | e.PoolChanged)
    ]


def test_the_same_seed_gives_the_same_run() -> None:
    runs = [Run(), Run()]
    outcomes = [run.go().outcome for run in runs]
    assert outcomes[0] == outcomes[1]
    assert essence(runs[0]) == essence(runs[1])


def test_another_seed_gives_another_run() -> None:
    first, second = Run(seed=0), Run(seed=1)
    first.go(), second.go()
    assert essence(first) != essence(second)


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 30, 45])
def test_a_run_that_was_cut_off_reaches_the_same_result(steps: int) -> None:
    whole = Run()
    expected = whole.go()
    cut = Run(run_control=FreeRunControl(stop_after=steps))
    with pytest.raises(Cancelled):
        cut.go()
    cut.run_control = FreeRunControl()
    assert cut.go().outcome == expected.outcome
    assert essence(cut) == essence(whole)


def test_cut_off_between_any_two_appends() -> None:
    whole = Run()
    whole.go()
    for length in whole.journal.ends[::5]:
        cut = Run()
        cut.journal.stored = whole.journal.stored[:length]
        cut.go()
        assert essence(cut) == essence(whole)


def test_no_image_is_drawn_twice() -> None:
    run = Run()
    run.go()
    again = Run()
    again.album = run.album
    again.go()
    assert again.generator.drawn == 0
    assert all(event.cached for event in again.of(e.ImageScored))  # type: ignore[attr-defined]


def test_maps_and_thumbnails_come_along() -> None:
    run = Run(layer="conv", iterations=0)
    run.go()
    image = run.of(e.ImageScored)[0]
    assert isinstance(image, e.ImageScored)
    assert image.activation_map is not None
    assert len(image.activation_map) == 4
    assert len(image.thumbnail) == 24 * 24 * 3
    flat = [value for row in image.activation_map for value in row]
    assert sum(flat) / 16 == pytest.approx(image.activation, abs=1e-3)


def test_a_layer_without_extent_has_no_map() -> None:
    run = Run(layer="fc", iterations=0)
    run.go()
    assert run.of(e.ImageScored)[0].activation_map is None  # type: ignore[attr-defined]


def test_tokens_and_steps_are_shown_not_stored() -> None:
    run = Run(iterations=1)
    run.go()
    shown = {type(event) for event in run.journal.shown}
    assert {e.Token, e.Progress, e.PhaseChanged} <= shown
    assert not [event for event in run.journal.stored if isinstance(event, e.Ephemeral)]


def test_decisions_during_a_pause_come_first() -> None:
    run, holds = Run(iterations=1), count(1)

    def speak() -> None:
        if next(holds) == 2:
            run.decide(kind="reject", trial="t1")

    run.run_control = FreeRunControl(on_step=speak)
    state = run.go()
    assert state.trials["t1"].images == ()


def test_a_step_is_done_although_a_decision_came_before_it() -> None:
    run = Run()
    said = e.Decided(decision="mine", kind="add", concept="violin")
    run.run_control = FreeRunControl(stop_after=1, on_step=lambda: run.journal.pending.append(said))
    with pytest.raises(Cancelled):
        run.go()
    assert len(run.of(e.Decided)) == 1 and run.journal.stored[-1:] == run.of(e.ControlMeasured)
