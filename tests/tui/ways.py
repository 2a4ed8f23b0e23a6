"""The way to each screen, for the tests of what each shows and of each key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from line_tui import events as e
from line_tui.tui.replay import Player
from line_tui.tui.screens.tour import Tour
from tests.tui.screens.test_result import judged
from tests.tui.screens.test_run import ASKED, MIDDLE
from tests.tui.stage import Stage, events_of_a_run, happen, keep, run_screen, settle, start, until

Way = Callable[[Stage, Pilot[Any]], Awaitable[None]]


async def choose(on: Stage, pilot: Pilot[Any]) -> None:
    keep(on.store, events_of_a_run(model="emoji-resnet18", layer="fc"))
    await settle(pilot, lambda: on.app.model_cache.overviews)
    on.app.chooser.show_all()
    await pilot.press("right", "right")
    if pilot.app.size.width >= 170:
        await settle(pilot, lambda: on.app.chooser.query_one("#preview-pictures").display)


async def find(on: Stage, pilot: Pilot[Any]) -> None:
    await choose(on, pilot)
    await pilot.press("slash", *"green")


async def plan(on: Stage, pilot: Pilot[Any]) -> None:
    await choose(on, pilot)
    await pilot.press("p")


async def drawing(on: Stage, pilot: Pilot[Any]) -> None:
    run_id = await start(on, pilot, until(events_of_a_run(), "strawberry"))
    at_work: list[e.AnyEvent] = [
        e.PhaseChanged(phase="drawing", detail="strawberry"),
        e.Progress(phase="drawing", done=1, total=2),
    ]
    await happen(on, pilot, run_id, at_work)


async def asked(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, ASKED)


async def paused(on: Stage, pilot: Pilot[Any]) -> None:
    run_id = await start(on, pilot, MIDDLE)
    await pilot.press("space")
    await happen(on, pilot, run_id, [e.PhaseChanged(phase="paused")])


async def dead(on: Stage, pilot: Pilot[Any]) -> None:
    await asked(on, pilot)
    on.engine.die()
    await settle(pilot, lambda: run_screen(on.app).query_one("#banner").display)


async def stopped(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, [*MIDDLE, e.Stopped(), e.PhaseChanged(phase="idle")])


async def finished(on: Stage, pilot: Pilot[Any]) -> None:
    await start(on, pilot, judged())


async def replay(on: Stage, pilot: Pilot[Any]) -> None:
    keep(on.store, judged())
    on.app.play("r1")
    player = run_screen(on.app).source
    assert isinstance(player, Player)
    player.playing = False
    player.jump(70)


async def edit(on: Stage, pilot: Pilot[Any]) -> None:
    await asked(on, pilot)
    await pilot.press("e")


async def add(on: Stage, pilot: Pilot[Any]) -> None:
    await asked(on, pilot)
    await pilot.press("n")


async def reject_because(on: Stage, pilot: Pilot[Any]) -> None:
    await asked(on, pilot)
    await pilot.press("X")


async def confirm(on: Stage, pilot: Pilot[Any]) -> None:
    await drawing(on, pilot)
    await pilot.press("S")


async def help(on: Stage, pilot: Pilot[Any]) -> None:
    await drawing(on, pilot)
    await pilot.press("question_mark")


async def picture(on: Stage, pilot: Pilot[Any]) -> None:
    await drawing(on, pilot)
    await pilot.press("v")


async def result(on: Stage, pilot: Pilot[Any]) -> None:
    keep(on.store, judged())
    on.app.show_stored_result("r1")


async def result_below(on: Stage, pilot: Pilot[Any]) -> None:
    await result(on, pilot)
    await pilot.pause()
    await pilot.press("pagedown")
    page = on.app.screen.query_one("#page")
    await settle(pilot, lambda: page.scroll_y == page.scroll_target_y > 0)


async def runs(on: Stage, pilot: Pilot[Any]) -> None:
    keep(on.store, judged())
    keep(on.store, events_of_a_run(model="emoji-resnet18", layer="fc", neuron=1), "r2")
    keep(on.store, [*MIDDLE, e.Stopped()], "r3")
    on.store.star("r1", True)
    on.store.annotate("r1", "the one for the talk")
    await settle(pilot, lambda: on.app.model_cache.layers)
    on.app.action_runs()
    await pilot.press("end")


async def compare(on: Stage, pilot: Pilot[Any]) -> None:
    keep(on.store, judged())
    keep(on.store, events_of_a_run(layer="fc", neuron=1), "r2")
    on.app.compare("r1", "r2")


async def export(on: Stage, pilot: Pilot[Any]) -> None:
    await runs(on, pilot)
    await pilot.press("E")


async def log(on: Stage, pilot: Pilot[Any]) -> None:
    on.engine.log.write(LOG)
    on.engine.log.close()
    await settle(pilot, lambda: on.engine.alive)
    on.app.action_log()


LOG = b"""loading denoiser: 11 tensors
loading vision model emoji-resnet18
llama_model_loader: loaded meta data with 36 key-value pairs and 272 tensors from smollm2-135m-instruct-q8_0.gguf
ready
"""


async def tour(on: Stage, pilot: Pilot[Any]) -> None:
    await choose(on, pilot)
    on.app.push_screen(Tour())


WAYS: list[Way] = [
    choose, find, plan, drawing, asked, paused, dead, stopped, finished, replay, edit, add, reject_because, confirm,
    help, picture, result, result_below, runs, compare, export, log, tour,
]  # fmt: skip
