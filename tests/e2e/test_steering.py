"""Steering a run: every word of the person's, what it does, and that it can be taken back."""

import re
import shutil
from pathlib import Path

import pytest

from line_tui import events as e
from tests.e2e.conftest import store_of
from tests.e2e.served import serve
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def stored(settings: dict[str, str]) -> list[e.AnyEvent]:
    """The events of the only run."""
    store = store_of(settings)
    (run,) = store.runs()
    return [envelope.event for envelope in store.events(run.id)]


def pool(screen: str) -> list[str]:
    """The concepts in the table of the pool, from the top."""
    rows = [
        line.rstrip("│").rsplit("│", 1)[-1]
        for line in screen.splitlines()
        if line.endswith(("vocab   │", "random  │", "you     │", "llm     │"))
    ]
    return [re.split(r"\s{2,}", row.strip("▌?·★✗○✓▸ "))[0] for row in rows]


def test_proposals_are_decided_one_by_one(tmp_path: Path, toured: dict[str, str]) -> None:
    with (
        serve(tmp_path / "config.toml", iterations=5, images=1, ask_first=True) as language,
        Terminal(tmp_path, environment=toured) as terminal,
    ):
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.type("g")
        language.reply("castle")
        terminal.see("“castle”", "Draw it?", "ask first", "? waiting for you")

        # A reason for a no is what the language model reads next.
        terminal.answer("X", "Why not “castle”?", "a building")
        language.reply("river")
        terminal.see("“river”", "Draw it?", "✗ castle")
        assert "rejected   castle: a building" in language.prompts[-1]

        # Another word in its place is drawn at once; accepted ones are pointed out to the language model.
        terminal.answer("e", "Draw instead of “river”", "blue river")
        language.reply("spoon")
        terminal.see("“spoon”", "Draw it?", "blue river")
        terminal.type("a")
        language.reply("ladder")
        terminal.see("“ladder”", "Draw it?", "✓ spoon")
        assert "accepted   spoon" in language.prompts[-1]

        # A no that is taken back is asked again.
        terminal.type("x")
        terminal.wait("✗ ladder")
        language.reply("candle")
        terminal.wait("“candle”")
        terminal.type("u")
        terminal.see("Undone: reject “ladder”", "? ladder")

        terminal.type("S")
        terminal.wait("Stop the run?")
        terminal.type("y")
        terminal.wait("■ stopped")
    decided = [event for event in stored(toured) if isinstance(event, e.Decided)]
    assert [event.kind for event in decided] == ["reject", "edit", "accept", "reject", "undo"]
    assert decided[0].reason == "a building"
    assert decided[1].concept == "blue river"
    assert decided[4].undoes == decided[3].decision
    drawn = [event.concept for event in stored(toured) if isinstance(event, e.ImageScored)]
    assert drawn[-2:] == ["blue river", "spoon"] and "castle" not in drawn


def test_everything_the_person_did_can_be_undone(tmp_path: Path, toured: dict[str, str]) -> None:
    with (
        serve(tmp_path / "config.toml", iterations=3, images=1, ask_first=True) as language,
        Terminal(tmp_path, width=110, height=40, environment=toured) as terminal,
    ):
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.type("g")
        language.reply("castle")
        terminal.see("“castle”", "Draw it?")

        terminal.answer("n", "Your own concept", "ripe tomato")
        assert pool(terminal.wait("· ripe tomato"))[:2] == ["castle", "ripe tomato"]
        terminal.answer("+", "Total number of iterations:", "7")
        terminal.wait("1/7")
        best, weaker = pool(terminal.text())[2:4]
        terminal.keys("Home", "Down", "Down")
        terminal.wait(f"─ {best} · f follows the run")
        terminal.type("p")
        terminal.wait(f"★ {best}")
        terminal.keys("Down")
        terminal.wait(f"─ {weaker} · f follows the run")
        terminal.type("b")
        terminal.wait(f"✗ {weaker}")
        terminal.keys("Escape")
        terminal.wait("f follows the run", gone=True)
        terminal.type("m")
        terminal.see("automatic")

        # Back again, the latest first.
        terminal.type("u")
        terminal.see("Undone: the change of mode", "ask first")
        terminal.type("u")
        terminal.see("Undone: ban")
        terminal.wait(f"✗ {weaker}", gone=True)
        terminal.type("u")
        terminal.see("Undone: pin")
        terminal.wait(f"★ {best}", gone=True)
        terminal.type("u")
        terminal.see("Undone: the change of budget", "1/3")
        terminal.type("u")
        terminal.see("Undone: add “ripe tomato”", "✗ ripe tomato")
        terminal.wait("u Undo", gone=True)
    events = stored(toured)
    decided = [event for event in events if isinstance(event, e.Decided)]
    assert [event.kind for event in decided] == ["add", "pin", "ban", "undo", "undo", "undo"]
    assert [event.undoes for event in decided[3:]] == [event.decision for event in decided[2::-1]]
    assert [event.iterations for event in events if isinstance(event, e.BudgetChanged)] == [7, 3]
    assert [event.ask_first for event in events if isinstance(event, e.ModeChanged)] == [False, True]


def test_a_run_is_held_stepped_stopped_and_goes_on(tmp_path: Path, toured: dict[str, str]) -> None:
    with (
        serve(tmp_path / "config.toml", iterations=2, images=1) as language,
        Terminal(tmp_path, environment=toured) as terminal,
    ):
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.type("g")
        terminal.see("● proposing", "10 images")
        terminal.type(" ")
        terminal.wait("Ⅱ pausing")
        language.reply("castle")
        terminal.see("Ⅱ paused", "“castle”", "0 of 1 pictures")
        terminal.type("s")
        terminal.see("Ⅱ paused", "11 images")
        terminal.type("S")
        terminal.wait("Stop the run?")
        terminal.type("n")
        terminal.wait("Stop the run?", gone=True)
        terminal.see("Ⅱ paused", "11 images")
        terminal.type("S")
        terminal.wait("Stop the run?")
        terminal.type("y")
        terminal.see("■ stopped", "R Restart")
        assert isinstance(stored(toured)[-1], e.Stopped)
        terminal.type("R")
        language.reply("river", "brook")
        terminal.wait("✔ finished")
    drawn = [event.concept for event in stored(toured) if isinstance(event, e.ImageScored)]
    assert drawn[10:] == ["castle", "river", "brook"]
    assert isinstance(stored(toured)[-1], e.Finished)
