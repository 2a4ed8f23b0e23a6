"""A run with a served language model: proposals decided one by one, pictures with heat maps and in large."""

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
        terminal.see("undone: reject ladder", "? ladder")

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


def test_pictures_with_heat_maps_and_in_large(tmp_path: Path, toured: dict[str, str]) -> None:
    desktop = tmp_path / "bin" / "xdg-open"
    desktop.parent.mkdir()
    desktop.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "opened"}\n')
    desktop.chmod(0o755)
    with serve(tmp_path / "config.toml") as language, Terminal(tmp_path, environment=toured) as terminal:
        terminal.type(f"PATH={desktop.parent}:$PATH")
        terminal.keys("Enter")
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.keys("Right")
        terminal.type("/")
        terminal.wait("find a layer:")
        terminal.type("layer3")
        terminal.wait(" layer3\n")
        terminal.keys("Enter")
        terminal.wait("q Quit")
        terminal.type("g")
        terminal.wait("› layer3 › 0")
        terminal.see("it sees", "20 pictures")
        plain = terminal.painted()
        terminal.type("h")
        terminal.wait("· heat map")
        terminal.repaint(colours, colours(plain))
        assert terminal.painted().count("▀") == plain.count("▀")
        terminal.type("hv")
        terminal.see("picture 1 of 2", " activation ", "in this run", "seed")
        plain = terminal.painted()
        terminal.type("h")
        terminal.repaint(colours, colours(plain))
        terminal.keys("Right")
        terminal.wait("picture 2 of 2")
        terminal.type("o")
        terminal.wait("Opening")
        language.reply("castle")
        terminal.keys("Escape")
        terminal.wait("22 pictures")
    opened = Path((tmp_path / "opened").read_text().strip())
    second = [event.image.path for event in stored(toured) if isinstance(event, e.ImageScored) and event.index == 1]
    assert str(opened) in second and opened.is_file()


def colours(painted: str) -> list[str]:
    """The colours of the cells of pictures, in order."""
    return re.findall(r"\x1b\[([\d;]+)m▀", painted)
