"""Random keys on a run that goes on meanwhile: no crash, and no decision is lost.

`LINE_TUI_KEYS=10000 pytest tests/tui/test_random_keys.py` presses that many.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from line_tui import events as e
from line_tui.explain.state import fold
from line_tui.store import Store
from line_tui.tui.app import LineApp
from line_tui.tui.session import Session
from tests.tui.screens.test_run import ASKED
from tests.tui.stage import happen, settle, stage, start

KEYS = int(os.environ.get("LINE_TUI_KEYS", "100"))
EACH = 50
ALPHABET = [
    *"axXepbnumsSR+ghtfolLrvyczNEdw?*/<>.,qk", "up", "down", "left", "right", "enter", "escape", "tab", "space", "home",
    "end", "pageup", "pagedown", "shift+tab", "backspace", "ctrl+p", "ctrl+t", "ctrl+s", "plus", "full_stop", "comma",
]  # fmt: skip
_NAMES = {
    "+": "plus",
    "?": "question_mark",
    "*": "asterisk",
    "/": "slash",
    "<": "less_than_sign",
    ">": "greater_than_sign",
}


@settings(max_examples=max(1, KEYS // EACH), suppress_health_check=list(HealthCheck))
@given(
    keys=st.lists(st.sampled_from(ALPHABET), min_size=EACH, max_size=EACH),
    death=st.integers(0, EACH * 2),
    packet=st.integers(1, 6),
)
def test_random_keys(keys: list[str], death: int, packet: int) -> None:
    asyncio.run(walk([_NAMES.get(key, key) for key in keys], death, packet))


async def stay(self: LineApp) -> None:
    """In place of leaving, which a key and the palette can do at any time: it would end the walk."""


async def walk(keys: list[str], death: int, packet: int) -> None:
    made: list[e.Decided] = []
    init = Session.__init__

    def watched(self: Session, run_id: str, store: Store, send: Callable[[e.Decision], None]) -> None:
        def heard(event: e.Decision) -> None:
            send(event)
            if isinstance(event, e.Decided):
                made.append(event)

        init(self, run_id, store, heard)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "__init__", watched)
        patch.setattr(LineApp, "open_file", lambda self, path: None)
        patch.setattr(LineApp, "action_quit", stay)
        patch.chdir(folder)
        on = stage(Path(folder))
        async with on.app.run_test() as pilot:
            run_id = await start(on, pilot, ASKED)
            for n, key in enumerate(keys):
                if n == death:
                    on.engine.die()
                if n % 10 == 5:
                    on.engine.emit(e.Token(text=f"word{n} "), run_id)
                pilot.app.simulate_key(key)
                if n % packet == 0:
                    await asyncio.sleep(0)
                    await pilot.pause()
            await settle(pilot, on.engine.box.empty)
            await happen(on, pilot, run_id, [e.ModeChanged(ask_first=False)])
        stored = [event.event for event in on.store.events(run_id)]
        assert [event for event in stored if isinstance(event, e.Decided)] == made
        fold(stored)  # type: ignore[arg-type]
        on.store.close()
