"""The app in a real terminal with the bundled models: a run that is watched, killed, resumed and replayed."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.store import Store
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def test_a_run_from_the_first_key_to_the_result(tmp_path: Path, settings: dict[str, str]) -> None:
    with Terminal(tmp_path, environment=settings) as terminal:
        terminal.line_tui()
        terminal.wait("Esc skips the tour")
        terminal.keys("Enter", "Enter", "Enter", "Enter")
        terminal.wait("Esc skips the tour", gone=True)
        terminal.wait("fc")
        terminal.keys("Right", "Right")
        terminal.type("m")
        terminal.wait("asks first")
        terminal.keys("Enter")
        # A control set that has to be drawn first takes its time.
        terminal.wait("First pool", seconds=600)
        # In ask-first mode the run waits: the engine can be killed in peace, and a decision made without it.
        terminal.wait("Draw it?")
        # Only the engine gives way to what else the machine does, not the screen.
        assert os.getpriority(os.PRIO_PROCESS, terminal.engine()) - os.getpriority(os.PRIO_PROCESS, 0) == 3
        os.kill(terminal.engine(), signal.SIGKILL)
        terminal.wait("The engine stopped: killed by SIGKILL")
        terminal.answer("n", "Your own concept", "ripe tomato")
        terminal.wait("ripe tomato")
        terminal.type("m")
        terminal.wait("automatic")
        terminal.type("R")
        terminal.wait("The engine stopped", gone=True)
        terminal.wait("✔ finished")
        terminal.type("r")
        terminal.wait("Strongest pictures")
        terminal.keys("Escape", "Escape")
        terminal.wait("Earlier runs · 1 of this neuron")
        terminal.type("q")
        terminal.wait_for_end()
    assert '"halfcell"' in (tmp_path / "data" / "terminals.json").read_text(), "tmux shows no sixel here"
    store = Store.open(tmp_path / "data")
    (run,) = store.runs()
    assert run.status == "finished" and run.label
    events = [envelope.event for envelope in store.events(run.id)]
    assert [event.concept for event in events if isinstance(event, e.Decided)] == ["ripe tomato"]
    drawn = {event.trial for event in events if isinstance(event, e.ImageScored)}
    added = next(event.decision for event in events if isinstance(event, e.Decided))
    assert added in drawn, "what was added without an engine is drawn by the next one"

    with Terminal(tmp_path, environment=settings) as terminal:
        terminal.line_tui("runs", "replay", run.id[:-1])
        terminal.wait("▶ replay")
        terminal.type(">>>")
        terminal.wait("The label is")
        terminal.keys("Escape")
        terminal.wait("what does a neuron respond to?")
        terminal.keys("C-q")
        terminal.wait_for_end()


def test_too_small_and_back(tmp_path: Path, settings: dict[str, str]) -> None:
    # The shell keeps sizes that it finds in the environment up to date there, and hands them on.
    sizes = {"COLUMNS": "36", "LINES": "10"}
    with Terminal(tmp_path, width=36, height=10, environment=settings | sizes) as terminal:
        terminal.line_tui()
        terminal.see("line-tui needs 40x12, this", "36x10")
        terminal.tmux("resize-window", "-x", "80", "-y", "24")
        terminal.wait("what does a neuron respond to?", seconds=30)
        terminal.keys("C-q")
        terminal.wait_for_end()
