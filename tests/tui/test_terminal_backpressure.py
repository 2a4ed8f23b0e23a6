"""A terminal that is behind gets no further frame; one that never answers gets all of them."""

import pytest
from textual.events import CursorPosition

from line_tui import events as e
from line_tui.tui import terminal_backpressure
from line_tui.tui.terminal_backpressure import Backpressure
from tests.tui.screens.test_run import MIDDLE
from tests.tui.stage import Stage, happen, run_screen, start

CURSOR = "\x1b[6n"


def answer(on: Stage) -> None:
    on.app.on_cursor_position(CursorPosition(0, 0))


def test_only_a_terminal_that_answers_is_waited_for() -> None:
    asked: list[str] = []
    backpressure = Backpressure(asked.append)
    for _ in range(3):
        backpressure.frame_written()
        assert not backpressure.behind
    assert asked == [CURSOR], "the question at the start is enough to learn that there is no answer"
    backpressure.answered()
    backpressure.frame_written()
    assert backpressure.behind and asked == [CURSOR] * 2
    backpressure.answered()
    assert not backpressure.behind


def test_a_lost_answer_is_not_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    backpressure = Backpressure(asked.append)
    backpressure.answered()
    backpressure.frame_written()
    monkeypatch.setattr(terminal_backpressure, "_TIMEOUT", 0.0)
    assert not backpressure.behind
    backpressure.frame_written()
    assert len(asked) == 2


async def test_the_app_asks_its_terminal_at_the_start(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with on.app.run_test() as pilot:
        await pilot.pause()
        asked: list[str] = []
        assert on.app._driver is not None
        monkeypatch.setattr(on.app._driver, "write", asked.append)
        on.app.backpressure.frame_written()
        assert not asked, "it asked at the start, and there was no answer"
        answer(on)
        on.app.backpressure.frame_written()
        assert asked == [CURSOR] and on.app.backpressure.behind


async def test_the_run_is_drawn_once_the_terminal_has_caught_up(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, MIDDLE)
        answer(on)
        on.app.backpressure.frame_written()
        screen = run_screen(on.app)
        before = screen.snapshot
        await happen(on, pilot, run_id, [e.ModeChanged(ask_first=True)])
        screen.next_frame()
        assert screen.snapshot is before
        answer(on)
        screen.next_frame()
        assert screen.snapshot is not before and screen.snapshot.state.ask_first
