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


async def open_result(on: Stage, pilot: Any, run_id: str = "r1") -> ResultScreen:
    on.app.show_result(replayed(run_id, on.store.events(run_id)))
    await settle(pilot, lambda: isinstance(on.app.screen, ResultScreen) and on.app.screen.query("#history"))
    screen = on.app.screen
    assert isinstance(screen, ResultScreen) and screen.snapshot.run_id == run_id
    return screen


def told(screen: ResultScreen, selector: str) -> str:
    return " ".join(str(part.content) for part in screen.query(selector).results(Static))


async def test_the_label_its_pictures_and_the_users_judgement(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot)
        for part in ("“strawberry”", "0.987", "[0.930, 1.000]", "50 fresh pictures", "●"):
            assert part in told(screen, "#headline")
        assert len(screen.query_one("#pair-0-before", Thumbnails).shown.images) == 5
        assert len(screen.query_one("#pair-0-after", Thumbnails).shown.images) == 3
        assert "red thing against thing   loses 61%" in told(screen, ".heading")
        # One sense would only repeat what stands above.
        assert "Sense 1" not in told(screen, ".heading")
        assert "(without your decisions)" not in told(screen, "#facts")
        await pilot.press("asterisk", "N", *"good", "enter")
        assert (on.store.run("r1").starred, on.store.run("r1").note) == (True, "good")
        assert "good" in told(screen, "#facts")
        # In sight wherever the page is.
        assert "★" in str(screen.title_bar.content)
        for key, judgement in (("2", "too narrow"), ("1", "right"), ("1", None)):
            await pilot.press(key)
            assert on.store.run("r1").judgement == judgement
            said = f"“strawberry”   highest score in the pool   you say: {judgement}"
            assert (said in told(screen, "#headline")) == (judgement is not None)
        assert "you say" not in told(screen, "#headline")
        shown = [image.activation for image in screen.query_one("#top", Thumbnails).shown.images]
        every = [image.activation for trial in screen.state.trials.values() for image in trial.images]
        assert shown == sorted(every, reverse=True)[:20]
        await pilot.press("right", "v")
        assert isinstance(on.app.screen, PictureScreen)
        assert on.app.screen.image.activation == shown[1]


async def test_what_a_result_says_of_other_runs(on: Stage) -> None:
    *before, end = judged()
    assert isinstance(end, e.Finished)
    label = e.ConceptShare(trial="t2", concept="strawberry", share=0.41, correlation=0.6)
    shares = e.Explained(concepts=[label], unexplained=0.59, p_value=0.001, left=["bus"], final=True)
    steered = e.Decided(decision="d1", kind="pin", trial="t1")
    keep(on.store, [*before, shares, steered, msgspec.structs.replace(end, reason="it accounts for 41%")], "shares")
    keep(on.store, events_of_a_run(), "search")
    none = e.Finished(label=None, trial=None, reason="below the effect floor")
    keep(on.store, [*events_of_a_run()[:-1], none], "none")
    async with on.app.run_test() as pilot:
        screen = await open_result(on, pilot, "shares")
        # The argument tells the shares, which the headline leaves to it.
        assert "41%" not in told(screen, "#headline") and "accounts for 41%" in told(screen, "#argument")
        assert "(without your decisions)" in told(screen, "#facts")
        screen = await open_result(on, pilot, "search")
        assert "so too high" in told(screen, "#headline")
        screen = await open_result(on, pilot, "none")
        assert "No concept found" in told(screen, "#headline") and "below the effect floor" in told(screen, "#headline")
        assert "plus" in on.app.screen.active_bindings, "it can be continued, too"


def test_before_the_end_a_score_stands_beside_the_concept_that_it_is_of() -> None:
    events = events_of_a_run()
    rose = next(event for event in events if isinstance(event, e.Proposed) and event.concept == "rose")
    state = fold([*events[:-1], e.Verified(trial=rose.trial, concept="rose", score=SCORE)])
    text = str(headline(state))
    assert "“rose”   best so far" in text and "0.987" in text


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
        text = told(screen, ".heading")
        assert "Sense 1  strawberry" in text and "Sense 2  rose  accounts for 20%" in text
        assert len(screen.query_one("#sense-1", PictureGrid).shown.images) == 5


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
        text = told(screen, "#argument")
        assert "accounts for 30% of the strong responses" in text and "too narrow" in text and "“grass”" in text
        # All of them, in the order drawn, and the one sense repeats nothing.
        grid = screen.query_one("#fresh", PictureGrid)
        assert [image.index for image in grid.shown.images] == list(range(23))
        assert grid.size.height == -(-23 // 6) * 6
        assert not screen.query("#sense-0")
        grid.post_message(PictureGrid.Picked(grid, 7))
        await settle(pilot, lambda: isinstance(on.app.screen, PictureScreen))
        assert isinstance(on.app.screen, PictureScreen) and on.app.screen.image.index == 7


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
