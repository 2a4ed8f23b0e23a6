"""A terminal that is behind gets no further frame; one that never answers gets all of them."""

from typing import Any

import pytest
from textual.events import CursorPosition

from line_tui import events as e
from line_tui.tui import terminal_backpressure
from line_tui.tui.terminal_backpressure import Paced
from tests.tui.screens.test_run import MIDDLE
from tests.tui.stage import Stage, happen, run_screen, start
from tests.tui.stage import stage as make_stage


def written(app: Paced, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app asks its terminal from now on."""
    asked: list[str] = []
    assert app._driver is not None
    monkeypatch.setattr(app._driver, "write", asked.append)
    return asked


def answer(app: Paced) -> None:
    app.on_cursor_position(CursorPosition(0, 0))


async def test_only_a_terminal_that_answers_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Paced()
    async with app.run_test() as pilot:
        await pilot.pause()
        asked = written(app, monkeypatch)
        for _ in range(3):
            app.frame_written()
            assert not app.behind
        assert not asked, "the question at the start is enough to learn that there is no answer"
        answer(app)
        app.frame_written()
        assert app.behind and asked == ["\x1b[6n"]
        answer(app)
        assert not app.behind


async def test_a_lost_answer_is_not_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Paced()
    async with app.run_test() as pilot:
        await pilot.pause()
        asked = written(app, monkeypatch)
        answer(app)
        app.frame_written()
        monkeypatch.setattr(terminal_backpressure, "_PATIENCE", 0.0)
        assert not app.behind
        app.frame_written()
        assert len(asked) == 2


@pytest.fixture
def on(tmp_path: Any) -> Stage:
    return make_stage(tmp_path)


async def test_the_run_is_drawn_once_the_terminal_has_caught_up(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, MIDDLE)
        answer(on.app)
        on.app.frame_written()
        screen = run_screen(on.app)
        before = screen.snapshot
        await happen(on, pilot, run_id, [e.ModeChanged(ask_first=True)])
        screen.look_again()
        assert screen.snapshot is before
        answer(on.app)
        screen.look_again()
        assert screen.snapshot is not before and screen.snapshot.state.ask_first
