from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from line_tui.engine import protocol as p
from line_tui.events import RunSpec
from line_tui.tui.replay import Player
from line_tui.tui.screens.compare import CompareScreen
from line_tui.tui.screens.picture import PictureScreen
from line_tui.tui.screens.result import ResultScreen
from line_tui.tui.screens.run import RunScreen
from line_tui.tui.screens.runs import RunsScreen
from line_tui.tui.widgets.rows import Rows
from tests.tui.stage import Stage, events_of_a_run, keep, run_screen, settle, stage, through


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    on = stage(tmp_path)
    keep(on.store, events_of_a_run(model="first"), "r1")
    keep(on.store, through(events_of_a_run(model="second", layer="fc", neuron=1), "spoon"), "r2")
    return on


def listed(on: Stage) -> list[str]:
    return [row.key for row in on.app.screen.query_one("#runs", Rows).rows]


async def test_the_list_follows_the_runs_and_the_filter(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    on.store.annotate("r2", "look again")
    on.store.rename("r1", "red unit")
    async with on.app.run_test() as pilot:
        await pilot.press("l")
        assert listed(on) == ["r2", "r1"]
        find = on.app.screen.query_one("#find", Input)
        for text, found in {
            "strawberry": ["r1"],
            "interrupted": ["r2"],
            "again look": ["r2"],
            "red unit": ["r1"],
            "second fc 1": ["r2"],
            "nothing at all": [],
        }.items():
            find.value = text
            await settle(pilot, partial(lambda found: listed(on) == found, found), text)
        find.value = ""
        await settle(pilot, lambda: listed(on) == ["r2", "r1"])
        # A filter without a match leaves the cursor where it was.
        await pilot.press("end", "slash", *"#1", "escape")
        await settle(pilot, lambda: on.app.screen.query_one("#runs", Rows).key == "r1")
        on.store.create("r3", RunSpec(model="third", layer="fc", neuron=0))
        on.app._runs_changed()
        await settle(pilot, lambda: listed(on) == ["r3", "r2", "r1"])


async def test_what_can_go_on_goes_on(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.engine.status.state == "ready")
        await pilot.press("l", "end")
        assert "R" not in on.app.screen.active_bindings, "it is finished"
        await pilot.press("r")
        assert isinstance(on.app.screen, ResultScreen) and on.app.screen.snapshot.run_id == "r1"
        await pilot.press("escape")
        with monkeypatch.context() as patch:
            patch.setattr(on.app.controller, "is_elsewhere", lambda run_id: run_id == "r2")
            await pilot.press("home")
            assert "R" not in on.app.screen.active_bindings, "another process works on it"
        await pilot.press("end", "home", "R")
        await settle(pilot, lambda: on.engine.commands(p.Resume))
        assert on.engine.commands(p.Resume)[0].run_id == "r2"
        assert isinstance(on.app.screen, RunScreen)


@pytest.mark.parametrize(("width", "shown"), [(80, "second          fc 1"), (60, "▌   fc 1 ")])
async def test_a_narrow_list_keeps_layer_and_neuron(on: Stage, width: int, shown: str) -> None:
    on.store.rename("r1", "red unit")
    async with on.app.run_test(size=(width, 18)) as pilot:
        await pilot.press("l")
        await pilot.pause()
        table = on.app.screen.query_one("#runs", Rows)
        assert shown in table.render_line(1).text and " red unit" in table.render_line(2).text


async def test_star_title_note_and_delete_can_all_be_taken_back(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await pilot.press("l", "asterisk")
        assert on.store.run("r2").starred
        await pilot.press("t", *"green", "enter")
        await pilot.press("N", *"a note", "enter")
        assert (on.store.run("r2").title, on.store.run("r2").note) == ("green", "a note")
        # What is typed goes on with it.
        await pilot.press("t", *" unit", "enter")
        assert on.store.run("r2").title == "green unit"
        await pilot.press("d")
        table = on.app.screen.query_one("#runs", Rows)
        assert listed(on) == ["r1"] and "deleted; u restores it" in str(table.border_subtitle)
        await pilot.press("u")
        assert listed(on) == ["r2", "r1"] and "undone: the deletion" in str(table.border_subtitle)
        assert table.key == "r2", "the cursor is on what is there again"
        await pilot.press("u", "u", "u", "u")
        run = on.store.run("r2")
        assert (run.title, run.note, run.starred) == ("", "", False)
        assert "u" not in on.app.screen.active_bindings


async def test_replay_needs_no_engine_and_decides_nothing(on: Stage) -> None:
    on.app.replay = "r1"
    async with on.app.run_test() as pilot:
        screen = run_screen(on.app)
        assert isinstance(screen.source, Player)
        assert on.engine.starts == 0
        assert not {"a", "x", "n", "u", "m", "S"} & screen.active_bindings.keys()
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        await settle(pilot, lambda: screen.source.snapshot.state.outcome is not None)
        await settle(pilot, lambda: "full_stop" not in screen.active_bindings, "there is no next event")
        await pilot.press("comma")
        assert screen.source.snapshot.state.outcome is None
        await settle(pilot, lambda: "full_stop" in screen.active_bindings)
        await pilot.press("full_stop")
        assert screen.source.at_end
        await pilot.press(*["greater_than_sign"] * 6)
        await settle(pilot, lambda: "greater_than_sign" not in screen.active_bindings, "it cannot be faster")
        screen.action_pause()
        assert screen.source.playing and screen.source.place == 1, "at the end it begins again"
        assert len(on.store.events("r1")) == len(events_of_a_run(model="first"))


async def test_two_runs_side_by_side(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await pilot.press("l", "c", "down")
        assert "c on another run" in str(on.app.screen.query_one("#runs").border_subtitle)
        await pilot.press("c")
        screen = on.app.screen
        assert isinstance(screen, CompareScreen)
        rows = screen.query_one("#both", Rows).rows
        both = [row.key for row in rows if not row.tone]
        assert set(both) >= {"tomato", "grass", "castle", "river", "spoon"}
        assert "strawberry" not in both and "strawberry" in [row.key for row in rows]
        assert str(screen.query_one("#pictures-left").border_title) == "fc 1"
        await pilot.click("#pictures-left", offset=(2, 2))
        await settle(pilot, lambda: isinstance(on.app.screen, PictureScreen))
        await pilot.press("escape", "escape")
        assert isinstance(on.app.screen, RunsScreen)


async def test_a_run_that_never_began_is_compared_with_nothing(on: Stage) -> None:
    on.store.create("r3", RunSpec(model="nope", layer="fc", neuron=0))
    async with on.app.run_test() as pilot:
        await pilot.press("l")
        assert listed(on)[0] == "r3"
        assert not {"c", "r", "y", "E"} & on.app.screen.active_bindings.keys()
        # By another way than the keys of the list too.
        on.app.compare("r3", "r1")
        on.app.show_stored_result("r3")
        await pilot.pause()
        assert isinstance(on.app.screen, RunsScreen)
        assert [note.message for note in on.app._notifications] == [
            "Run r3 never started, so there is nothing to show yet. R starts it."
        ]


async def test_notes_are_shown_as_they_are_and_the_last_one_with_the_errors(on: Stage) -> None:
    async with on.app.run_test(notifications=True) as pilot:
        on.app.notify("disk full", severity="error")
        on.app.notify("one")
        on.app.screen.notify("Undone: reject “[/INST] dog”")
        await settle(pilot, lambda: len(on.app.screen.query("Toast")) == 2)
        assert [note.message for note in on.app._notifications] == ["disk full", "Undone: reject “[/INST] dog”"]
        assert "[/INST] dog" in str(on.app.screen.query("Toast").last().render())
