"""Watching a run: the proposal as it is said, pictures as they come, every number and where it is explained."""

import re
import shutil
from pathlib import Path

import pytest

from line_tui import events as e
from tests.e2e.conftest import store_of
from tests.e2e.served import serve
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def explain(terminal: Terminal, layer: str) -> None:
    """Choose the first neuron of a layer of the model at the cursor and start its run."""
    terminal.line_tui()
    terminal.wait("avgpool")
    terminal.keys("Right")
    terminal.type("/")
    terminal.wait("find a layer:")
    terminal.type(layer)
    terminal.wait(f" {layer}\n")
    terminal.keys("Enter")
    terminal.wait("q Quit")
    terminal.type("g")
    terminal.wait(f"› {layer} › 0")


def test_a_run_is_watched_while_it_goes_on(tmp_path: Path, toured: dict[str, str]) -> None:
    with (
        serve(tmp_path / "config.toml", iterations=1) as language,
        Terminal(tmp_path, 120, 36, toured) as terminal,
    ):
        explain(terminal, "layer3")
        # The first pool is drawn, and the language model is in the middle of its reply.
        language.said.put("gothic ca")
        screen = terminal.see("gothic ca▌", "it sees", "● proposing", "20 images")
        pool = [line.split()[:-1] for line in screen.splitlines() if line.endswith(("random  │", "vocab   │"))]
        scores = [float(row[-5]) for row in pool]
        assert len(scores) == 10 and scores == sorted(scores, reverse=True)
        terminal.see("score", "AUC", "MAD", "from", "Best so far", "10 concepts", "▂ control  ▲ concept")

        # What was before can be looked through meanwhile.
        terminal.type("t")
        terminal.see("Timeline", "what happened", "0 ▲")
        terminal.keys("Home")
        terminal.see("▌  0 ▲", "· f follows the run", "gothic ca▌")
        terminal.type("?")
        terminal.see("Why this concept", "one of the control words", "AUC", "How often a picture of the concept drives")
        terminal.keys("Escape")
        terminal.wait("Why this concept", gone=True)

        # The reply goes on, step by step.
        terminal.type(" ")
        terminal.wait("Ⅱ pausing")
        language.said.put("stle")
        language.said.put(None)
        terminal.see("“gothic castle”", "0 of 2 pictures", "Ⅱ paused", "new idea, based on")
        terminal.type("s")
        terminal.see("22 images", "Ⅱ paused")
        terminal.keys("Escape")
        terminal.see("─ gothic castle ─")
        terminal.type("?")
        terminal.see("“gothic castle” came from the language model (new idea)")
        terminal.keys("Escape")
        terminal.wait("Why this concept", gone=True)
        terminal.type(" ")
        language.reply("castle")
        terminal.see("✔ finished", "The label is", "24 images")
    store = store_of(toured)
    (run,) = store.runs()
    events = [envelope.event for envelope in store.events(run.id)]
    assert [event.concept for event in events if isinstance(event, e.Proposed)][-2:] == ["gothic castle", "castle"]
    maps = [event.activation_map for event in events if isinstance(event, e.ImageScored)]
    assert all(heat is not None and len(heat) == 6 for heat in maps)


def test_pictures_with_heat_maps_and_in_large(tmp_path: Path, toured: dict[str, str]) -> None:
    desktop = tmp_path / "bin" / "xdg-open"
    desktop.parent.mkdir()
    desktop.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "opened"}\n')
    desktop.chmod(0o755)
    with serve(tmp_path / "config.toml") as language, Terminal(tmp_path, environment=toured) as terminal:
        terminal.type(f"PATH={desktop.parent}:$PATH")
        terminal.keys("Enter")
        explain(terminal, "layer3")
        terminal.see("it sees", "20 images")
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
        terminal.wait("22 images")
    (run,) = store_of(toured).runs()
    opened = Path((tmp_path / "opened").read_text().strip())
    drawn = [envelope.event for envelope in store_of(toured).events(run.id)]
    second = [event.image.path for event in drawn if isinstance(event, e.ImageScored) and event.index == 1]
    assert str(opened) in second and opened.is_file()


BLACK_BOX = """
[[vision]]
id = "brightness"
source = { path = "%s" }
format = "function"
function = "brightness:look"
allow_code = true
"""


def test_a_black_box_has_no_heat_map_and_the_app_says_so(tmp_path: Path, toured: dict[str, str]) -> None:
    (tmp_path / "brightness.py").write_text("def look(pictures):\n    return pictures.mean(axis=(1, 2)) / 255\n")
    (tmp_path / "catalog.toml").write_text(BLACK_BOX % tmp_path)
    with Terminal(tmp_path, environment=toured) as terminal:
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.type("/")
        terminal.wait("find a model:")
        terminal.type("bright")
        terminal.wait("brightness")
        terminal.keys("Enter")
        terminal.see("output", "explain brightness output 0")
        terminal.type("g")
        terminal.wait("brightness › output › 0")
        # The key is not offered, and the help says why.
        terminal.type("h?")
        terminal.keys("End")
        terminal.wait("height and width")


def colours(painted: str) -> list[str]:
    """The colours of the cells of pictures, in order."""
    return re.findall(r"\x1b\[([\d;]+)m▀", painted)
