"""Pictures of the main screens; `pytest --snapshot-update` takes them anew after a look at each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from line_tui import events as e
from line_tui.tui.session import replayed
from tests.tui.screens.test_result import judged
from tests.tui.screens.test_run import ASKED
from tests.tui.stage import Stage, events_of_a_run, happen, keep, run_screen, settle, stage, start, until

SIZES = {"small": (80, 24), "medium": (120, 40), "large": (200, 50)}

Compare = Callable[..., bool]


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    return stage(tmp_path)


async def choose(on: Stage, pilot: Any) -> None:
    keep(on.store, events_of_a_run(model="emoji-resnet18", layer="fc"))
    await settle(pilot, lambda: on.app.known.layers)
    on.app.chooser.show_all()
    await pilot.press("right", "right")


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


async def result(on: Stage, pilot: Any) -> None:
    keep(on.store, judged())
    on.app.show_result(replayed("r1", on.store.events("r1")))


async def compare(on: Stage, pilot: Any) -> None:
    keep(on.store, judged())
    keep(on.store, events_of_a_run(layer="fc", neuron=1), "r2")
    on.app.compare("r1", "r2")


async def help(on: Stage, pilot: Any) -> None:
    await drawing(on, pilot)
    await pilot.press("question_mark")


async def plan(on: Stage, pilot: Any) -> None:
    await choose(on, pilot)
    await pilot.press("p")


SHOTS = [
    (choose, "small", "line-dark"),
    (choose, "large", "line-light"),
    (drawing, "small", "line-dark"),
    (drawing, "medium", "line-light"),
    (drawing, "large", "line-dark"),
    (asked, "small", "line-light"),
    (dead, "small", "line-dark"),
    (result, "medium", "line-dark"),
    (result, "small", "line-light"),
    (compare, "medium", "line-dark"),
    (help, "small", "line-dark"),
    (plan, "small", "line-dark"),
]


@pytest.mark.parametrize(("way", "size", "theme"), SHOTS, ids=[f"{w.__name__}-{s}-{t}" for w, s, t in SHOTS])
def test_it_looks_as_it_did(on: Stage, snap_compare: Compare, way: Any, size: str, theme: str) -> None:
    on.app.theme = theme

    async def go(pilot: Any) -> None:
        await way(on, pilot)
        await pilot.pause(0.3)

    assert snap_compare(on.app, terminal_size=SIZES[size], run_before=go)
