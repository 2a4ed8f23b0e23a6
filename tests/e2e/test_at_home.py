"""At home in a terminal: every command by name, keys of one's own, themes, sizes, settings, completion, order."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from line_tui.tui.neuron_overview import bank_overview
from tests.e2e.conftest import ONE_SENSE, TWO_SENSES, store_of
from tests.e2e.terminal import Terminal, line_tui

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def test_the_tour_has_four_steps_and_comes_once(tmp_path: Path, settings: dict[str, str]) -> None:
    with Terminal(tmp_path, environment=settings) as terminal:
        terminal.line_tui()
        steps = ["Choose", "Watch", "Steer", "Judge and keep"]
        for n, step in enumerate(steps):
            terminal.see(step, " ".join("●" if n == place else "○" for place in range(4)))
            if n == 1:
                terminal.keys("Left")
                terminal.wait("● ○ ○ ○")
                terminal.keys("Enter")
                terminal.wait("○ ● ○ ○")
            terminal.keys("Enter")
        terminal.wait("Esc skips the tour", gone=True)
        terminal.wait("avgpool")
        terminal.type("q")
        terminal.wait_for_end()
        terminal.line_tui()
        terminal.wait("avgpool")
        assert "Esc skips the tour" not in terminal.text()


def test_the_palette_finds_a_command_by_its_name(tmp_path: Path, kept: dict[str, str]) -> None:
    with Terminal(tmp_path, environment=kept) as terminal:
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.keys("C-p")
        terminal.wait("Search for commands")
        terminal.type("earlier runs")
        terminal.see("all earlier runs", "key l")
        terminal.keys("Enter")
        terminal.wait("Runs · 2")
        terminal.keys("C-p")
        terminal.wait("Search for commands")
        terminal.type("unstar")
        terminal.see("star or unstar the run", "key *")
        terminal.keys("Enter")
        terminal.wait("★")
    assert store_of(kept).runs()[0].starred


def test_keys_and_theme_are_one_s_own(tmp_path: Path, toured: dict[str, str]) -> None:
    config = Path(toured["LINE_TUI_CONFIG"])
    config.write_text('[tui]\ntheme = "line-light"\n[tui.keys]\n"choose.mode" = "Z"\n"choose.plan" = "m"\n')
    with Terminal(tmp_path, height=50, environment=toured) as terminal:
        terminal.line_tui()
        terminal.see("avgpool", "· automatic", "m Plan")
        terminal.type("Z")
        terminal.wait("· asks first")
        terminal.type("m")
        terminal.wait("How to look for the label")
        terminal.keys("Escape")
        terminal.wait("How to look for the label", gone=True)
        terminal.type("?")
        terminal.keys("End")
        terminal.see("Z  Ask first")
        terminal.keys("Escape")
        terminal.wait("Z  Ask first", gone=True)
        light = brightness(terminal.painted())
        assert light > 128
        terminal.keys("C-t")
        assert terminal.repaint(brightness, light) < 128


def brightness(painted: str) -> float:
    """How light what is behind the first letter of the second line is, from 0 to 255."""
    background = painted.splitlines()[1].split("\x1b[")
    colour = next(part for part in background if "48;2;" in part).split("48;2;")[1].split("m")[0]
    return sum(map(int, colour.split(";")[:3])) / 3


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_small_and_large_terminals(tmp_path: Path, kept: dict[str, str], width: int, height: int) -> None:
    run = store_of(kept).runs()[0]
    with Terminal(tmp_path, width, height, kept) as terminal:
        terminal.line_tui()
        screen = terminal.see("emoji-resnet18", "avgpool", "Earlier runs", "line-tui explain", "q Quit")
        assert ("label found" in screen) == (width == 200)
        terminal.keys("Tab", "Tab", "Tab", "Enter")
        wide = ["Activations", "Best so far", "Pool", "Timeline", "verified"]
        screen = terminal.see(
            "The label is", f"“{run.label}”", "AUC", "✔ finished", *(wide if width == 200 else wide[1:3])
        )
        assert all(len(line) <= width for line in screen.splitlines())
        terminal.type("t")
        terminal.see("Timeline")
        terminal.type("g")
        terminal.see("Activations", "▲ concept")
        terminal.type("r")
        keys = "E Export" if width >= 120 else "1 Right 2 Narrow 3 Wrong"
        terminal.see("Strongest pictures", f"“{run.label}”", "fresh pictures", keys)


def test_the_command_line_of_a_plan_stands_below_it(tmp_path: Path, toured: dict[str, str]) -> None:
    with Terminal(tmp_path, width=160, environment=toured) as terminal:
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.type("p")
        terminal.wait("How to look for the label")
        terminal.keys("Tab", "Tab", "Tab", "C-u")
        terminal.type("1")
        terminal.keys("C-s")
        terminal.wait("How to look for the label", gone=True)
        screen = terminal.wait("· 1 × 1 pictures")
        command = next(line for line in screen.splitlines() if line.startswith(" $ ")).removeprefix(" $ ").strip()
    assert command == "line-tui explain emoji-resnet18 fc 0 --strategy published --iterations 1 --images 1"


def test_settings_are_shown_checked_and_found(tmp_path: Path, toured: dict[str, str]) -> None:
    with Terminal(tmp_path, environment=toured) as terminal:
        terminal.line_tui("config", "path")
        terminal.wait(toured["LINE_TUI_CONFIG"][:60])
        terminal.line_tui("config", "validate")
        terminal.wait("is valid")
        terminal.type("clear")
        terminal.keys("Enter")
        Path(toured["LINE_TUI_CONFIG"]).write_text("[explain]\niterations = 'many'\n")
        terminal.line_tui("config", "validate")
        terminal.see("error:", "$.explain.iterations")
        terminal.type("clear")
        terminal.keys("Enter")
        terminal.wait("error:", gone=True)
        terminal.line_tui()
        terminal.see("error:", "config show")
    Path(toured["LINE_TUI_CONFIG"]).write_text("[tui]\ntheme = 'line-light'\n")
    assert 'theme = "line-light"' in line_tui(toured, "config", "show")


def test_the_shell_completes_commands_models_and_runs(tmp_path: Path, kept: dict[str, str]) -> None:
    run, other = store_of(kept).runs()
    start = next(run.id[:n] for n in range(1, len(run.id) + 1) if not other.id.startswith(run.id[:n]))
    program = tmp_path / "bin" / "line-tui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m line_tui "$@"\n')
    program.chmod(0o755)
    with Terminal(tmp_path, environment=kept) as terminal:
        terminal.type(f"export PYTHONPATH={Path.cwd()} PATH={program.parent}:$PATH")
        terminal.keys("Enter")
        terminal.type('eval "$(_LINE_TUI_COMPLETE=bash_source line-tui)"; clear; echo ready')
        terminal.keys("Enter")
        terminal.wait("ready\nbash")
        terminal.type("line-tui expl")
        terminal.keys("Tab")
        terminal.wait("line-tui explain")
        terminal.type("emoji-pl")
        terminal.keys("Tab")
        terminal.wait("line-tui explain emoji-planted")
        terminal.keys("C-u")
        terminal.type(f"line-tui runs show {start}")
        terminal.keys("Tab")
        terminal.wait(f"runs show {run.id}")


def neurons(screen: str) -> list[list[str]]:
    """The rows of the list of neurons, each as its words: number, best in bank, MAD."""
    rows = [line.split("││")[-1].rstrip("│ ") for line in screen.splitlines() if line.count("││") == 2]
    words = (row.strip("▌ ▁▂▃▄▅▆▇█").partition(" ") for row in rows[1:] if row.strip("▌ "))
    return [[number, *re.split(r"\s{2,}", rest.strip())] for number, _, rest in words]


def find(terminal: Terminal, what: str, text: str) -> None:
    """Filter the list that has the focus."""
    terminal.type("/")
    terminal.wait(f"find a {what}:")
    terminal.type(text)
    terminal.wait(f" {text}\n")
    terminal.keys("Enter")
    terminal.wait("q Quit")


def test_neurons_are_sorted_by_what_the_bank_knows(tmp_path: Path, kept: dict[str, str]) -> None:
    best = bank_overview("emoji-planted", "planted")
    assert best is not None
    label = store_of(kept).runs()[0].label
    with Terminal(tmp_path, width=140, height=40, environment=kept) as terminal:
        terminal.line_tui()
        terminal.wait("avgpool")
        find(terminal, "model", "planted")
        terminal.see("explain emoji-planted planted 0", best[0].concept)
        assert [row[0] for row in neurons(terminal.text())][:3] == ["0", "1", "2"]
        terminal.keys("Right", "Right")
        # The neurons have no names to sort by.
        terminal.type("o")
        terminal.wait("by best in bank")
        terminal.type("o")
        strongest = max(range(len(best)), key=lambda n: best[n].mad)
        rows = neurons(terminal.wait("by selectivity"))
        assert rows[0] == [str(strongest), best[strongest].concept, f"{best[strongest].mad:.1f}"]
        shares = [float(row[2]) for row in rows if len(row) == 3]
        assert shares == sorted(shares, reverse=True)
        terminal.type("o")
        found = neurons(terminal.wait("by label found"))[:2]
        assert {row[0] for row in found} == {str(ONE_SENSE), str(TWO_SENSES)}
        assert any(str(label) in word for row in found for word in row)
        for flat in ("dead", "constant"):
            find(terminal, "neuron", flat)
            numbers = [str(n) for n, neuron in enumerate(best) if neuron.flat == flat]
            assert [row[:2] for row in neurons(terminal.wait(f"/{flat}"))] == [[n, flat] for n in numbers]
            terminal.type("/")
            terminal.wait("F1 Help")
            terminal.keys("Escape")
            terminal.wait(f"/{flat}", gone=True)
            terminal.wait("q Quit")
        terminal.type("?")
        terminal.see("Best in bank", "dead", "constant")
