from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import Static

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.explain.state import RunState, fold, kept_pairs, kept_senses
from line_tui.report.result import result
from line_tui.tui.screens.picture import PictureScreen
from line_tui.tui.screens.result import ResultScreen
from line_tui.tui.session import replayed
from line_tui.tui.widgets.findings import headline
from line_tui.tui.widgets.thumbnails import PictureGrid, Thumbnails
from tests.tui.stage import Stage, events_of_a_run, keep, run_screen, settle, stage

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
            concept="red thing",
            variant="thing",
            kind="drop",
            before=side,
            after=side[:3],
            relative_drop=0.61,
            p_value=0.01,
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


async def test_the_headline_leaves_the_shares_to_the_argument(tmp_path: Path) -> None:
    on = stage(tmp_path)
    *before, end = judged()
    label = e.ConceptShare(trial="t2", concept="strawberry", share=0.41, correlation=0.6)
    shares = e.Explained(concepts=[label], unexplained=0.59, p_value=0.001, left=["bus"], final=True)
    assert isinstance(end, e.Finished)
    keep(on.store, [*before, shares, msgspec.structs.replace(end, reason="it accounts for 41%")])
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        assert "41%" not in str(screen.query_one("#headline", Static).content)
        assert "accounts for 41%" in str(screen.query_one("#argument", Static).content)


async def test_a_score_of_the_search_is_not_sold_as_more(tmp_path: Path) -> None:
    on = stage(tmp_path)
    keep(on.store, events_of_a_run())
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        assert "so too high" in str(screen.query_one("#headline", Static).content)


def test_before_the_end_a_score_stands_beside_the_concept_that_it_is_of() -> None:
    events = events_of_a_run()
    rose = next(event for event in events if isinstance(event, e.Proposed) and event.concept == "rose")
    state = fold([*events[:-1], e.Verified(trial=rose.trial, concept="rose", score=SCORE)])
    text = str(headline(state))
    assert "“rose”   best so far" in text and "0.987" in text


async def test_pairs_have_their_pictures(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        assert len(screen.query_one("#pair-0-before", Thumbnails).shown.images) == 5
        assert len(screen.query_one("#pair-0-after", Thumbnails).shown.images) == 3
        text = " ".join(str(heading.content) for heading in screen.query(".heading").results(Static))
        assert "red thing against thing   loses 61%" in text
        # One sense would only repeat what stands above.
        assert "Sense 1" not in text


async def test_two_senses_have_their_shares_and_pictures(tmp_path: Path) -> None:
    on = stage(tmp_path)
    events = convinced()
    state = fold(events)
    rose = next(trial for trial in state.trials.values() if trial.concept == "rose")
    images = [msgspec.structs.replace(image, purpose="report") for image in rose.images]
    second = e.SenseFound(label="rose", trial=rose.id, concepts=["rose"], score=SCORE, share=0.2)
    keep(on.store, [*events[:-1], *images, second, events[-1]])
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        text = " ".join(str(heading.content) for heading in screen.query(".heading").results(Static))
        assert "Sense 1  strawberry" in text and "Sense 2  rose  accounts for 20%" in text
        assert len(screen.query_one("#sense-1", PictureGrid).shown.images) == 5


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
        assert "good" in str(screen.query_one("#facts", Static).content)
        # In sight wherever the page is.
        assert "★" in str(screen.title_bar.content)


@pytest.mark.parametrize("steered", [False, True])
async def test_the_command_of_a_steered_run_is_said_to_lack_the_decisions(tmp_path: Path, steered: bool) -> None:
    on = stage(tmp_path)
    decided = [e.Decided(decision="d1", kind="pin", trial="t1")] if steered else []
    keep(on.store, [*judged()[:-1], *decided, judged()[-1]])
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        assert ("(without your decisions)" in str(screen.query_one("#facts", Static).content)) == steered


async def test_no_concept_found_is_a_result_too(tmp_path: Path) -> None:
    on = stage(tmp_path)
    keep(on.store, [*events_of_a_run()[:-1], e.Finished(label=None, trial=None, reason="below the effect floor")])
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        text = str(screen.query_one("#headline", Static).content)
        assert "No concept found" in text and "below the effect floor" in text
        assert "plus" in on.app.screen.active_bindings, "it can be continued, too"


def convinced() -> list[e.DurableEvent]:
    """A finished run whose label has fresh pictures, a share, and something that it leaves out."""
    events = judged()
    outcome = events[-1]
    assert isinstance(outcome, e.Finished) and outcome.trial is not None
    images = fold(events).trials[outcome.trial].images
    fresh: list[e.DurableEvent] = [
        msgspec.structs.replace(images[n % len(images)], index=n, purpose="report", activation=n / 50)
        for n in range(23)
    ]
    explained = e.Explained(
        concepts=[e.ConceptShare(trial=outcome.trial, concept="strawberry", share=0.3, correlation=0.4)],
        unexplained=0.7,
        p_value=0.01,
        left=["grass"],
        final=True,
    )
    return [*events[:-1], *fresh, explained, outcome]


async def test_the_result_argues_its_case(tmp_path: Path) -> None:
    on = stage(tmp_path)
    keep(on.store, convinced())
    async with on.app.run_test(size=(80, 24)) as pilot:
        screen = await open_result(on, pilot)
        text = str(screen.query_one("#argument", Static).content)
        assert "accounts for 30% of the strong responses" in text and "too narrow" in text and "“grass”" in text
        # All of them, in the order drawn, and the one sense repeats nothing.
        grid = screen.query_one("#fresh", PictureGrid)
        assert [image.index for image in grid.shown.images] == list(range(23))
        assert grid.size.height == -(-23 // 6) * 6
        assert not screen.query("#sense-0")
        grid.post_message(PictureGrid.Picked(grid, 7))
        await settle(pilot, lambda: isinstance(on.app.screen, PictureScreen))
        assert isinstance(on.app.screen, PictureScreen) and on.app.screen.image.index == 7


async def test_a_judgement_is_stored_shown_counted_and_taken_back(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        await pilot.press("2")
        assert "“strawberry”   highest score in the pool   you say: too narrow" in str(
            screen.query_one("#headline", Static).content
        )
        assert on.store.run("r1").judgement == "too narrow"
        await pilot.press("1")
        assert on.store.run("r1").judgement == "right"
        await pilot.press("1")
        assert on.store.run("r1").judgement is None
        assert "you say" not in str(screen.query_one("#headline", Static).content)


async def test_the_next_neuron_is_its_result_or_the_chooser_on_it(on: Stage) -> None:
    keep(on.store, events_of_a_run(neuron=1), "r2")
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await open_result(on, pilot)
        assert "comma" not in on.app.screen.active_bindings, "there is no neuron before the first"
        await pilot.press("full_stop")
        await settle(pilot, lambda: isinstance(on.app.screen, ResultScreen) and on.app.screen.snapshot.run_id == "r2")
        await pilot.press("full_stop")
        await settle(pilot, lambda: on.app.screen is on.app.chooser)
        # Its layers may not be listed yet.
        await settle(pilot, lambda: (on.app.chooser.spec.layer, on.app.chooser.spec.neuron) == ("conv", 2))


async def test_a_finished_run_is_gone_on_with(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.engine.status.state == "ready")
        await open_result(on, pilot)
        await pilot.press("plus")
        await settle(pilot, lambda: on.engine.commands(p.Resume))
        state = run_screen(on.app).snapshot.state
        assert (state.iterations, state.outcome, state.verified) == (20, None, None)
        assert on.store.run("r1").status in ("stopped", "running")


def test_a_sense_that_was_rejected_since_is_gone_everywhere() -> None:
    events = judged()
    state = fold(events)
    assert kept_senses(state) and kept_pairs(state)
    trial = kept_senses(state)[0].trial
    state = fold([*events[:-1], e.Decided(decision="d", kind="reject", trial=trial)])
    assert not kept_senses(state) and result(state, 1.0).senses == []
    named = next(id for id, one in state.trials.items() if one.concept == "red thing")
    state = fold([*events[:-1], e.Decided(decision="d", kind="reject", trial=named)])
    assert not kept_pairs(state) and result(state, 1.0).minimal_pairs == []
