from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from line_tui import events as e
from line_tui.explain.state import RunState, fold
from line_tui.tui.screens.picture import PictureScreen
from line_tui.tui.screens.result import ResultScreen
from line_tui.tui.session import replayed
from line_tui.tui.widgets.findings import headline
from line_tui.tui.widgets.thumbnails import Thumbnails
from tests.tui.stage import Stage, events_of_a_run, keep, settle, stage

SCORE = e.VerifiedScore(auc=0.987, mad=2.5, mean=0.9, images=50, ci_low=0.93, ci_high=1.0, p_value=0.0004)


def judged() -> list[e.DurableEvent]:
    """A finished run with everything that a search can find out."""
    events = events_of_a_run()
    state: RunState = fold(events)
    assert state.outcome is not None and state.outcome.trial is not None
    trial = state.trials[state.outcome.trial]
    side = [e.PairSide(image=i.image, activation=i.activation, thumbnail=i.thumbnail) for i in trial.images]
    found: list[e.DurableEvent] = [
        e.Verified(trial=trial.id, concept=trial.concept, score=SCORE),
        e.SenseFound(label="strawberry", trial=trial.id, concepts=["strawberry", "rose"], score=SCORE, share=0.4),
        e.MinimalPairMeasured(
            concept="red thing", variant="thing", kind="drop", before=side, after=side[:3], lost=0.61, p_value=0.01
        ),
    ]
    return [*events[:-1], *found, events[-1]]


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    on = stage(tmp_path)
    keep(on.store, judged())
    return on


async def open_result(on: Stage, pilot: Any) -> ResultScreen:
    on.app.show_result(replayed("r1", on.store.events("r1")))
    await settle(pilot, lambda: isinstance(on.app.screen, ResultScreen) and on.app.screen.query("#history"))
    screen = on.app.screen
    assert isinstance(screen, ResultScreen)
    return screen


async def test_the_label_comes_with_its_interval(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        text = str(screen.query_one("#headline", Static).content)
        for part in ("“strawberry”", "0.987", "[0.930, 1.000]", "50 fresh pictures", "●"):
            assert part in text, text


async def test_a_score_of_the_search_is_not_sold_as_more(tmp_path: Path) -> None:
    on = stage(tmp_path)
    keep(on.store, events_of_a_run())
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        assert "so it flatters" in str(screen.query_one("#headline", Static).content)


def test_before_the_end_a_score_stands_beside_the_concept_that_it_is_of() -> None:
    events = events_of_a_run()
    rose = next(event for event in events if isinstance(event, e.Proposed) and event.concept == "rose")
    state = fold([*events[:-1], e.Verified(trial=rose.trial, concept="rose", score=SCORE)])
    text = str(headline(state))
    assert "“rose”   best so far" in text and "0.987" in text


async def test_senses_and_pairs_have_their_pictures(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        assert len(screen.query_one("#sense-0", Thumbnails).shown.images) == 5
        assert len(screen.query_one("#pair-0-before", Thumbnails).shown.images) == 5
        assert len(screen.query_one("#pair-0-after", Thumbnails).shown.images) == 3
        text = " ".join(str(heading.content) for heading in screen.query(".heading").results(Static))
        assert "explains 40%" in text and "red thing against thing   loses 61%" in text


async def test_the_top_pictures_are_the_strongest(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        shown = [image.activation for image in screen.query_one("#top", Thumbnails).shown.images]
        every = [image.activation for trial in screen.state.trials.values() for image in trial.images]
        assert shown == sorted(every, reverse=True)[:20]
        await pilot.press("right", "v")
        assert isinstance(on.app.screen, PictureScreen)
        assert on.app.screen.image.activation == shown[1]


async def test_note_and_star_are_kept(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        await pilot.press("asterisk", "N", *"good", "enter")
        assert (on.store.run("r1").starred, on.store.run("r1").note) == (True, "good")
        assert "★ good" in str(screen.query_one("#facts", Static).content)


async def test_no_concept_found_is_a_result_too(tmp_path: Path) -> None:
    on = stage(tmp_path)
    keep(on.store, [*events_of_a_run()[:-1], e.Finished(label=None, trial=None, reason="below the effect floor")])
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        text = str(screen.query_one("#headline", Static).content)
        assert "No concept found" in text and "below the effect floor" in text
