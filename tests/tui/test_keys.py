"""Every key of every screen is pressed: none may crash, and each has an id, a name and an explanation."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from line_tui import events as e
from line_tui.config import Config, TuiDefaults
from line_tui.tui.app import LineApp
from tests.tui.screens.test_result import judged
from tests.tui.screens.test_run import ASKED, MIDDLE
from tests.tui.stage import Stage, happen, keep, settle, stage, start

Way = Callable[[Stage, Pilot[Any]], Awaitable[object]]


async def choose(on: Stage, pilot: Pilot[Any]) -> None:
    await settle(pilot, lambda: on.app.model_cache.layers)


async def plan(on: Stage, pilot: Pilot[Any]) -> None:
    await choose(on, pilot)
    await pilot.press("p")


async def running(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, MIDDLE)


async def asked(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, ASKED)


async def paused(on: Stage, pilot: Pilot[Any]) -> None:
    run_id = await start(on, pilot, MIDDLE)
    await pilot.press("space")
    await happen(on, pilot, run_id, [e.PhaseChanged(phase="paused")])


async def dead(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, ASKED)
    on.engine.die()
    await settle(pilot, lambda: on.app.engine.status.state == "dead")


async def stopped(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, [*MIDDLE, e.Stopped(), e.PhaseChanged(phase="idle")])


async def finished(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, judged())


async def edit(on: Stage, pilot: Pilot[Any]) -> None:
    await asked(on, pilot)
    await pilot.press("e")


async def confirm(on: Stage, pilot: Pilot[Any]) -> None:
    await running(on, pilot)
    await pilot.press("S")


async def help(on: Stage, pilot: Pilot[Any]) -> None:
    await running(on, pilot)
    await pilot.press("question_mark")


async def picture(on: Stage, pilot: Pilot[Any]) -> None:
    await running(on, pilot)
    await pilot.press("v")


async def log(on: Stage, pilot: Pilot[Any]) -> None:
    await pilot.press("L")


async def runs(on: Stage, pilot: Pilot[Any]) -> None:
    keep(on.store, judged())
    keep(on.store, MIDDLE, "r2")
    await pilot.press("l")


async def result(on: Stage, pilot: Pilot[Any]) -> None:
    await runs(on, pilot)
    await pilot.press("end", "r")


async def replay(on: Stage, pilot: Pilot[Any]) -> None:
    await runs(on, pilot)
    await pilot.press("end", "y")


async def compare(on: Stage, pilot: Pilot[Any]) -> None:
    await runs(on, pilot)
    await pilot.press("c", "end", "c")


async def export(on: Stage, pilot: Pilot[Any]) -> None:
    await runs(on, pilot)
    await pilot.press("E")


WAYS: list[Way] = [
    choose, plan, running, asked, paused, dead, stopped, finished, edit, confirm, help, picture, log, runs, result,
    replay, compare, export,
]  # fmt: skip


def own_keys(screen: Screen[Any]) -> list[str]:
    """Keys that our own code binds and that apply now."""
    return [
        key
        for key, active in screen.active_bindings.items()
        if active.enabled and active.binding.id and not active.binding.action.endswith("quit")
    ]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_every_key_of_the_screen(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineApp, "open_file", lambda self, path: self.notify(str(path)))
    monkeypatch.chdir(tmp_path)
    pressed: set[str] = set()
    for walk in range(10):
        on = stage(tmp_path / str(walk))
        async with on.app.run_test() as pilot:
            await way(on, pilot)
            await pilot.pause()
            home = on.app.screen
            while keys := [key for key in own_keys(home) if key not in pressed]:
                pressed.add(keys[0])
                await pilot.press(keys[0])
                for _ in range(5):
                    if on.app.screen is home or home not in on.app.screen_stack:
                        break
                    await pilot.press("escape")
                if on.app.screen is not home:
                    # This key leaves the screen for good: the next walk takes the others.
                    break
            else:
                break
    else:
        raise AssertionError(f"keys are left over after {pressed}")
    assert pressed


def test_ids_are_unique() -> None:
    from line_tui.tui.screens import (
        base,
        choose,
        compare,
        dialogs,
        export,
        help,
        log,
        picture,
        plan,
        result,
        run,
        runs,
        tour,
    )
    from line_tui.tui.screens.steering import Steering
    from line_tui.tui.widgets.rows import Rows

    modules = (base, choose, compare, dialogs, export, help, log, picture, plan, result, run, runs, tour)
    owners = {thing for module in modules for thing in vars(module).values() if isinstance(thing, type)}
    owners |= {Steering, Rows, LineApp}
    bindings = [
        binding
        for owner in owners
        if owner.__module__.startswith("line_tui")
        for binding in vars(owner).get("BINDINGS", [])
    ]
    ids = [binding.id for binding in bindings]
    assert len(ids) > 60
    assert len(ids) == len(set(ids)) and all(ids)
    assert all(binding.tooltip and binding.description for binding in bindings)


async def test_a_key_can_be_remapped_by_its_id(tmp_path: Path) -> None:
    on = stage(tmp_path, config=Config(tui=TuiDefaults(keys={"choose.plan": "f5"})))
    async with on.app.run_test() as pilot:
        assert "f5" in on.app.screen.active_bindings and "p" not in on.app.screen.active_bindings
        await pilot.press("f5")
        assert type(on.app.screen).__name__ == "Plan"
