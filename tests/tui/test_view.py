import msgspec
import pytest

from line_tui import events as e
from line_tui.explain.state import RunState, fold
from line_tui.tui import view
from line_tui.tui.widgets.findings import cost
from tests.tui.stage import events_of_a_run, through, until


def decided(kind: e.DecisionKind, trial: str, **more: str) -> e.Decided:
    return e.Decided(decision=f"d-{kind}-{trial}", kind=kind, trial=trial, **more)


@pytest.fixture(scope="module")
def finished() -> RunState:
    return fold(events_of_a_run())


def test_the_pool_comes_by_score_and_the_rest_after_it(finished: RunState) -> None:
    rows = view.ranked(finished)
    pool = [row.value for row in rows if row.place == "pool"]
    assert pool == sorted(pool, key=lambda value: -(value or 0))
    assert [row.place for row in rows] == ["pool"] * 10 + ["out"] * 11
    assert rows[0].concept == "strawberry"


def test_nothing_is_ranked_before_the_first_event() -> None:
    assert view.ranked(RunState()) == []
    assert view.best(RunState()) is None


def test_what_waits_is_on_top_and_what_is_rejected_at_the_end() -> None:
    events = until(events_of_a_run(ask_first=False), "spoon", images=5)
    proposal = e.Proposed(trial="x", concept="ripe tomato", origin="llm", iteration=4)
    state = fold([*events, e.ModeChanged(ask_first=True), proposal, decided("reject", "t2")])
    rows = view.ranked(state)
    assert (rows[0].concept, rows[0].place) == ("ripe tomato", "waiting")
    assert (rows[-1].trial.id, rows[-1].place) == ("t2", "rejected")
    waiting = view.waiting(state)
    assert waiting is not None and waiting.id == "x"


def test_what_the_user_added_is_above_the_pool_and_what_the_loop_queued_below_it() -> None:
    events = through(events_of_a_run(ask_first=False), "spoon")
    added: list[e.DurableEvent] = [
        e.Proposed(trial="x", concept="ladle", origin="llm", iteration=4),
        e.Proposed(trial="y", concept="fork", origin="llm", iteration=4),
        e.Decided(decision="z", kind="add", concept="whisk"),
    ]
    places = [(row.trial.id, row.place) for row in view.ranked(fold([*events, *added]))]
    assert places[:2] == [("x", "drawing"), ("z", "queued")]
    assert places.index(("y", "queued")) > max(n for n, (_, place) in enumerate(places) if place == "pool")


def test_the_best_is_never_a_rejected_one(finished: RunState) -> None:
    events = [event for event in events_of_a_run() if not isinstance(event, e.Finished)]
    best = view.best(fold(events))
    assert best is not None and best.concept == "strawberry"
    second = view.best(fold([*events, decided("reject", best.trial.id)]))
    assert second is not None and second.concept == "rose"


def test_a_pin_lasts_until_another_word(finished: RunState) -> None:
    state = fold([decided("pin", "t1"), decided("pin", "t2"), decided("reject", "t2")], finished)
    assert view.pinned(state) == {"t1"}


def test_the_curve_never_falls_and_leaves_out_the_rejected(finished: RunState) -> None:
    points = view.curve(finished)
    bests = [point.best for point in points]
    assert bests == sorted(bests) and len(points) == 21
    assert len(view.curve(fold([decided("reject", "t1")], finished))) == 20


def test_images_left_counts_down_to_nothing() -> None:
    state, left = RunState(), []
    for event in events_of_a_run():
        state = fold([event], state)
        if isinstance(event, e.ImageScored):
            left.append(view.images_left(state))
    # 105 images are planned; after the first of them 104 are to come.
    assert left == list(range(104, -1, -1))


def test_the_range_holds_every_activation(finished: RunState) -> None:
    low, high = view.activation_range(finished)
    assert finished.control is not None
    values = [image.activation for trial in finished.trials.values() for image in trial.images]
    assert low == min(values + finished.control.flat) and high == max(values + finished.control.flat)
    assert view.activation_range(RunState()) == (0.0, 1.0)


def test_the_label_counts_whether_or_not_it_is_in_the_pool(finished: RunState) -> None:
    assert finished.outcome is not None
    others = [id for id in finished.pool if id != finished.outcome.trial]
    best = view.best(fold([e.PoolChanged(members=others)], finished))
    assert best is not None and best.trial.id == finished.outcome.trial


def test_an_adaptive_run_has_a_third_of_the_search_images_and_those_of_its_score() -> None:
    events = events_of_a_run()
    first = events[0]
    assert isinstance(first, e.RunStarted)
    spec = msgspec.structs.replace(first.spec, strategy="adaptive")
    state = fold([msgspec.structs.replace(first, spec=spec), *events[1:10]])
    assert view.images_each(state) == 3
    assert (view.images_left(state), view.report_images_left(state)) == (35 - view.images_done(state), 50)
    scored = next(event for event in events if isinstance(event, e.ImageScored))
    reports = [msgspec.structs.replace(scored, purpose="report", index=index) for index in range(20)]
    later = fold(reports, state)
    assert (view.images_left(later), view.report_images_left(later)) == (0, 30)
    assert view.report_images_left(fold(events_of_a_run())) == 0
    # Continued, it searches again, and draws for another result.
    end = e.Finished(label=scored.concept, trial=scored.trial, reason="")
    again = fold([end, e.BudgetChanged(iterations=state.iterations + 30)], later)
    assert view.images_left(again) == 35 + 50 - view.images_done(state)
    assert view.report_images_left(again) == 50


def test_a_cached_image_says_nothing_of_the_time_that_drawing_takes() -> None:
    events = events_of_a_run()
    scored = next(event for event in events if isinstance(event, e.ImageScored))
    before = events[: events.index(scored)]
    drawn = msgspec.structs.replace(scored, cached=False, draw_seconds=2.0, look_seconds=0.5)
    cached = msgspec.structs.replace(scored, index=1, cached=True, draw_seconds=0.0, look_seconds=0.1)
    assert view.seconds_per_image(fold([*before, drawn, cached])) == 2.5
    assert view.seconds_per_image(fold(before)) == 0.0


def test_the_cost_counts_a_reply_that_repeats_a_concept() -> None:
    events = events_of_a_run()
    state = fold(events)
    again = fold([e.Repeated(trial=next(iter(state.trials)), iteration=1)], state)
    assert f"{state.calls} replies" in cost(state)
    assert f"{state.calls + 1} replies" in cost(again)
