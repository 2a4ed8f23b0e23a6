"""Every screen as text in three sizes, and as a picture in both themes; `pytest --snapshot-update` takes them anew.

Look at each before it is kept: what is wrong in it would be held to be right from then on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from line_tui import events as e
from line_tui.tui.neuron_overview import NeuronOverview, NeuronProfile
from line_tui.tui.replay import Player
from line_tui.tui.screens.steering import Steering
from line_tui.tui.screens.tour import Tour
from tests.tui.cells import CellsExtension, cells
from tests.tui.screens.test_result import judged
from tests.tui.screens.test_run import ASKED, MIDDLE
from tests.tui.stage import NOON, Stage, events_of_a_run, happen, keep, run_screen, settle, stage, start, until

SIZES = {"small": (80, 24), "medium": (120, 40), "large": (200, 50)}
THEMES = {"small": "line-light", "medium": "line-dark"}
"""The sizes that are kept as a picture too, in one of the themes."""
HOUR = 3600.0
LOG = b"""loading denoiser: 11 tensors
loading vision model emoji-resnet18
llama_model_loader: loaded meta data with 36 key-value pairs and 272 tensors from smollm2-135m-instruct-q8_0.gguf
ready
"""

Compare = Callable[..., bool]
Way = Callable[[Stage, Any], Awaitable[None]]


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change to the store is an hour after the one before, and now is two days later."""
    hours = count(NOON, HOUR)
    for module in ("line_tui.store.events", "line_tui.store.runs"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(time=lambda: next(hours)))
    monkeypatch.setattr("line_tui.tui.screens.runs.time", SimpleNamespace(time=lambda: NOON + 48 * HOUR))
    # The real bank takes longer to read than all the rest.
    best = [NeuronOverview("tomato", 2.1), NeuronOverview("grass", 2.4), NeuronOverview("cloud", 1.2)]
    monkeypatch.setattr("line_tui.tui.model_cache.bank_overview", lambda model, layer: best)
    seen = NeuronProfile((("tomato", 8.77), ("rose", 7.1), ("grass", 2.0)), (0.1, 0.2, 0.4, 0.4, 2.0, 8.77), (8.77,))
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: seen)


async def choose(on: Stage, pilot: Any) -> None:
    keep(on.store, events_of_a_run(model="emoji-resnet18", layer="fc"))
    await settle(pilot, lambda: on.app.model_cache.overviews)
    on.app.chooser.show_all()
    await pilot.press("right", "right")
    if pilot.app.size.width >= 170:
        await settle(pilot, lambda: on.app.chooser.query_one("#preview-pictures").display)


async def find(on: Stage, pilot: Any) -> None:
    await choose(on, pilot)
    await pilot.press("slash", *"green")


async def plan(on: Stage, pilot: Any) -> None:
    await choose(on, pilot)
    await pilot.press("p")


async def drawing(on: Stage, pilot: Any) -> None:
    run_id = await start(on, pilot, until(events_of_a_run(), "strawberry"))
    at_work: list[e.AnyEvent] = [
        e.PhaseChanged(phase="drawing", detail="strawberry"),
        e.Progress(phase="drawing", done=1, total=2),
    ]
    await happen(on, pilot, run_id, at_work)


async def asked(on: Stage, pilot: Any) -> None:
    await start(on, pilot, ASKED)


async def dead(on: Stage, pilot: Any) -> None:
    await asked(on, pilot)
    on.engine.die()
    await settle(pilot, lambda: run_screen(on.app).query_one("#banner").display)


async def finished(on: Stage, pilot: Any) -> None:
    await start(on, pilot, judged())


async def replay(on: Stage, pilot: Any) -> None:
    keep(on.store, judged())
    on.app.play("r1")
    player = run_screen(on.app).source
    assert isinstance(player, Player)
    player.playing = False
    player.jump(70)


async def edit(on: Stage, pilot: Any) -> None:
    await asked(on, pilot)
    await pilot.press("e")


async def add(on: Stage, pilot: Any) -> None:
    await asked(on, pilot)
    await pilot.press("n")


async def reject_because(on: Stage, pilot: Any) -> None:
    await asked(on, pilot)
    await pilot.press("X")


async def confirm(on: Stage, pilot: Any) -> None:
    await drawing(on, pilot)
    await pilot.press("S")


async def help(on: Stage, pilot: Any) -> None:
    await drawing(on, pilot)
    await pilot.press("question_mark")


async def picture(on: Stage, pilot: Any) -> None:
    await drawing(on, pilot)
    await pilot.press("v")


async def result(on: Stage, pilot: Any) -> None:
    keep(on.store, judged())
    on.app.show_stored_result("r1")


async def result_below(on: Stage, pilot: Any) -> None:
    await result(on, pilot)
    await pilot.pause()
    await pilot.press("pagedown")
    page = on.app.screen.query_one("#page")
    await settle(pilot, lambda: page.scroll_y == page.scroll_target_y > 0)


async def runs(on: Stage, pilot: Any) -> None:
    keep(on.store, judged())
    keep(on.store, events_of_a_run(model="emoji-resnet18", layer="fc", neuron=1), "r2")
    keep(on.store, [*MIDDLE, e.Stopped()], "r3")
    on.store.star("r1", True)
    on.store.annotate("r1", "the one for the talk")
    await settle(pilot, lambda: on.app.model_cache.layers)
    on.app.action_runs()
    await pilot.press("end")


async def compare(on: Stage, pilot: Any) -> None:
    keep(on.store, judged())
    keep(on.store, events_of_a_run(layer="fc", neuron=1), "r2")
    on.app.compare("r1", "r2")


async def export(on: Stage, pilot: Any) -> None:
    await runs(on, pilot)
    await pilot.press("E")
    on.app.screen.query_one("#folder", Input).value = "/home/ada/line-tui-export"


async def log(on: Stage, pilot: Any) -> None:
    on.engine.log.write(LOG)
    on.engine.log.close()
    await settle(pilot, lambda: on.engine.alive)
    on.app.action_log()


async def tour(on: Stage, pilot: Any) -> None:
    await choose(on, pilot)
    on.app.push_screen(Tour())


WAYS: list[Way] = [
    choose, find, plan, drawing, asked, dead, finished, replay, edit, add, reject_because, confirm, help, picture,
    result, result_below, runs, compare, export, log, tour,
]  # fmt: skip


SHOWING_PICTURES = {drawing, picture, result}
"""The others show them in the largest size alone: pictures are nine tenths of an SVG file."""


def still(on: Stage) -> None:
    """Bring what changes with time to a stop."""
    screen = on.app.screen
    if isinstance(screen, Steering):
        # It looks at its run only a few times a second.
        screen.look()
    for field in screen.query(Input):
        field.cursor_blink = False


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_it_looks_as_it_did(
    tmp_path: Path, calendar: None, snapshot: SnapshotAssertion, snap_compare: Compare, way: Way, size: str
) -> None:
    on = stage(tmp_path, images="halfcell" if way in SHOWING_PICTURES or size == "large" else "off")
    text = ""

    async def go(pilot: Any) -> None:
        nonlocal text
        await way(on, pilot)
        await pilot.pause()
        still(on)
        await pilot.pause()
        text = cells(on.app)

    async def alone() -> None:
        async with on.app.run_test(size=SIZES[size]) as pilot:
            await go(pilot)

    looks = True
    if size in THEMES:
        on.app.theme = THEMES[size]
        looks = snap_compare(on.app, terminal_size=SIZES[size], run_before=go)
    else:
        asyncio.run(alone())
    assert text == snapshot(extension_class=CellsExtension)
    assert looks
