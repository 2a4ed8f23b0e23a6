"""The app and the shell that it was started from."""

import sys
from pathlib import Path

from tests.e2e.terminal import Terminal

FIRST = "what does a neuron respond to?"


def test_what_stderr_is_sent_to_does_not_get_the_screen(tmp_path: Path, toured: dict[str, str]) -> None:
    for end in (f"2>{tmp_path}/narration", "2>&-"):
        with Terminal(tmp_path, environment=toured) as terminal:
            terminal.type(f"{sys.executable} -m line_tui {end}")
            terminal.keys("Enter")
            terminal.wait(FIRST)
            terminal.keys("C-q")
            terminal.wait_for_end()
    assert (tmp_path / "narration").read_text() == ""


def test_the_app_goes_into_the_background_and_comes_back(tmp_path: Path, toured: dict[str, str]) -> None:
    with Terminal(tmp_path, environment=toured) as terminal:
        terminal.line_tui()
        terminal.wait(FIRST)
        terminal.keys("C-z")
        terminal.wait("Stopped")
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.wait(FIRST)
        terminal.type("l")
        terminal.wait("No run yet")
