"""One nasty text through every door of the app: it is shown as it is, and no terminal obeys it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.errors import UsageError
from line_tui.models.catalog import Profile, VisionEntry
from line_tui.models.model_files import Source
from line_tui.tui.app import LineApp
from tests.nasty import NASTY, VISIBLE, obeyed, spoiled
from tests.tui import stage as a_stage
from tests.tui.stage import CATALOG, LAYERS, Stage, events_of_a_run, happen, keep, settle, stage, start


def screen_text(app: LineApp) -> str:
    """All that the screen sends to the terminal, styles left out."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip if not segment.control) for strip in lines)


async def look(on: a_stage.Stage, pilot: Pilot[Any], sees: bool = True) -> None:
    await pilot.pause(0.2)
    await settle(pilot, lambda: not sees or VISIBLE in screen_text(on.app))
    assert obeyed(screen_text(on.app)) == set()


@pytest.fixture
def events() -> Sequence[e.DurableEvent]:
    return spoiled(spoiled(events_of_a_run(), "castle"), "strawberry")


async def test_runs_results_and_replays(on: Stage, events: Sequence[e.DurableEvent]) -> None:
    keep(on.store, events)
    on.store.rename("r1", NASTY)
    on.store.annotate("r1", NASTY)
    async with on.app.run_test(size=(160, 50)) as pilot:
        on.app.action_runs()
        await look(on, pilot)
        on.app.show_stored_result("r1")
        await look(on, pilot)
        on.app.compare("r1", "r1")
        await look(on, pilot)
        on.app.export("r1")
        await look(on, pilot, sees=False)
        on.app.pop_screen()
        on.app.play("r1")
        await look(on, pilot, sees=False)


async def test_what_is_sent(on: Stage) -> None:
    async with on.app.run_test(size=(160, 50), notifications=True) as pilot:
        on.app.notify(NASTY, title=NASTY)
        await look(on, pilot)


async def test_names_of_models_layers_and_neurons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nasty = p.LayerInfo(name=NASTY, kind=NASTY, shape=[2], neurons=2, pooling="none", names=[NASTY, "sky"])
    monkeypatch.setattr(a_stage, "LAYERS", [*LAYERS, nasty])
    model = VisionEntry(id=NASTY, source=Source(bundled="x"), about=NASTY)
    profile = Profile(id=NASTY, language="smollm2", generator="emoji", vision=NASTY, about=NASTY)
    monkeypatch.setattr(
        a_stage, "CATALOG", msgspec.structs.replace(CATALOG, vision=[model], profile=[*CATALOG.profile, profile])
    )
    on = stage(tmp_path)
    async with on.app.run_test(size=(160, 50)) as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await look(on, pilot)
        await pilot.press("right", "end", "right")
        await look(on, pilot)
        await pilot.press("e")
        await look(on, pilot, sees=False)


async def test_a_run_that_is_watched(on: Stage, events: Sequence[e.DurableEvent]) -> None:
    async with on.app.run_test(size=(160, 50)) as pilot:
        run_id = await start(on, pilot, [e.PhaseChanged(phase="loading", detail=NASTY)])
        await look(on, pilot)
        await happen(on, pilot, run_id, events[:-1])
        await look(on, pilot)
        await happen(on, pilot, run_id, [e.PhaseChanged(phase="proposing"), e.Token(text=NASTY)])
        await look(on, pilot)
        await happen(on, pilot, run_id, [e.Failed(cause=NASTY, fix=NASTY)])
        await look(on, pilot)


async def test_own_words_become_visible_words(on: Stage, events: Sequence[e.DurableEvent]) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot, events[:3])
        session = on.app.controller.session
        assert session is not None
        session.decide("add", None, "a \x1b[31mred\u202e\n apple", NASTY)
        await settle(pilot, lambda: on.engine.commands(p.Decide))
        said = on.engine.commands(p.Decide)[-1].event
        assert said.concept == "a [31mred apple" and obeyed(said.reason) == set()
        with pytest.raises(UsageError, match="visible letters"):
            session.decide("add", None, "\u202e\x1b")
