"""What the app promises, part by part, each in a real terminal and as short as it can be."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from line_tui import events as e
from line_tui.store import Store
from tests.e2e.conftest import store_of
from tests.e2e.terminal import Terminal, line_tui
from tests.tui.screens.test_result import convinced
from tests.tui.stage import keep, through

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def of_bundled(neuron: int, events: list[e.DurableEvent]) -> list[e.DurableEvent]:
    """The events of a run as if it had been about a neuron of the bundled network."""
    first = events[0]
    assert isinstance(first, e.RunStarted)
    spec = msgspec.structs.replace(first.spec, model="emoji-resnet18", layer="fc", neuron=neuron)
    return [msgspec.structs.replace(first, spec=spec), *events[1:]]


@pytest.fixture
def stored(toured: dict[str, str]) -> dict[str, str]:
    """Of somebody who has two finished runs, of neurons 3 and 4."""
    store = Store.open(Path(toured["LINE_TUI_DATA"]))
    keep(store, of_bundled(3, convinced()), "r3")
    keep(store, of_bundled(4, convinced()), "r4")
    return toured


def call(settings: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program without a terminal, whatever becomes of it."""
    command = [sys.executable, "-m", "line_tui", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | dict(settings))


def open_result(terminal: Terminal) -> None:
    """From the list of runs to the result of the older one."""
    terminal.line_tui()
    terminal.wait("Earlier runs")
    terminal.type("l")
    terminal.wait("Runs · 2")
    terminal.keys("End")
    terminal.type("r")
    terminal.wait("fc › 3 › result")


def test_1_the_result_argues_is_judged_and_leads_to_the_next_neuron(tmp_path: Path, stored: dict[str, str]) -> None:
    with Terminal(tmp_path, 120, 60, stored) as terminal:
        open_result(terminal)
        terminal.see("accounts for 30% of the strong responses", "23 fresh pictures", "in the order drawn", "╎")
        terminal.type("2")
        terminal.wait("you say: too narrow")
        terminal.type(".")
        terminal.wait("fc › 4 › result")
        terminal.type(",")
        terminal.see("fc › 3 › result", "you say: too narrow")
    assert [run.judgement for run in store_of(stored).runs()] == [None, "too narrow"]


def test_1_at_80_columns_nothing_is_out_of_reach(tmp_path: Path, stored: dict[str, str]) -> None:
    with Terminal(tmp_path, 80, 24, stored) as terminal:
        open_result(terminal)
        terminal.see("1 Right", "3 Wrong", "E Export")
        terminal.type("E")
        terminal.see("HTML", "JSON", "CSV")


def test_2_a_decision_says_what_follows_and_own_concepts_are_new(tmp_path: Path, toured: dict[str, str]) -> None:
    store = Store.open(Path(toured["LINE_TUI_DATA"]))
    keep(store, of_bundled(3, through(convinced(), "spoon")), "r1")
    with Terminal(tmp_path, 120, 40, toured) as terminal:
        # Nobody works on it: what is said is stored, and counts when it goes on.
        terminal.line_tui("watch", "r1")
        terminal.see("Pool", "spoon")
        terminal.type("n")
        terminal.wait("Your own concept")
        terminal.type("spoons")
        terminal.keys("Enter")
        terminal.wait("is already in this run")
        terminal.keys("C-u")
        terminal.type("ripe tomato")
        terminal.keys("Enter")
        terminal.see("ripe tomato", "will be drawn")
        terminal.keys("Home", "Down", "Up")
        terminal.type("x")
        terminal.wait("the model is told")
        terminal.type("u")
        terminal.wait("the model is told", gone=True)
    kinds = [event.event.kind for event in store.events("r1") if isinstance(event.event, e.Decided)]
    assert kinds == ["add", "reject", "undo"]


def test_3_the_first_screenful_has_pictures(tmp_path: Path, toured: dict[str, str]) -> None:
    with Terminal(tmp_path, 120, 40, toured) as terminal:
        terminal.line_tui()
        terminal.wait("avgpool")
        terminal.type("g")
        terminal.see("Words of the bank that drive the neuron", "Pictures of the bank that drive", "▀▀▀▀▀▀▀▀")


def test_4_a_wide_chooser_shows_the_neuron_and_marks_wait_in_a_queue(tmp_path: Path, stored: dict[str, str]) -> None:
    with Terminal(tmp_path, 200, 50, stored) as terminal:
        terminal.line_tui()
        terminal.see("avgpool", "2 of 181 explained")
        terminal.keys("Right", "Right", "Home", "Down", "Down", "Down")
        terminal.see("Neuron 3", "last run", "Strongest pictures of its last run", "Pictures of the bank")
        terminal.type("u")
        terminal.wait("Neuron 5")
        terminal.keys("Space", "Space")
        terminal.wait("G Queue")
        terminal.type("G")
        terminal.see("2 running, 0 waiting", "w Watch")
        terminal.type("w")
        terminal.see("emoji-resnet18 › fc › ", "Pool")


def test_5_a_run_of_another_process_is_followed(tmp_path: Path, toured: dict[str, str]) -> None:
    store = Store.open(Path(toured["LINE_TUI_DATA"]))
    keep(store, of_bundled(3, through(convinced(), "spoon")), "r1")
    with Terminal(tmp_path, 120, 40, toured) as terminal, store.lease("r1"):
        terminal.line_tui("watch", "r1")
        terminal.wait("run by another process")
        store.append("r1", e.Proposed(trial="t99", concept="ripe tomato", origin="llm", iteration=4))
        terminal.wait("ripe tomato")
        assert "interrupted" not in terminal.text()


def read_help(terminal: Terminal, first: str) -> str:
    """All pages of what a screen says of itself."""
    terminal.type("?")
    pages = [terminal.wait(first)]
    for _ in range(6):
        terminal.keys("PageDown")
        time.sleep(0.3)
        pages.append(terminal.text())
    terminal.keys("Escape")
    terminal.wait("Esc closes", gone=True)
    return "\n".join(pages)


def test_7_words_are_explained_where_they_stand(tmp_path: Path, stored: dict[str, str]) -> None:
    with Terminal(tmp_path, 120, 50, stored) as terminal:
        open_result(terminal)
        told = read_help(terminal, "The score")
        for word in ("Share", "Fresh", "Senses", "An estimate at the edge of its interval", "Minimal pairs"):
            assert word in told, word
        terminal.keys("Escape")
        terminal.wait("Runs · 2")
        terminal.keys("Enter")
        terminal.wait("▂ control")
        told = read_help(terminal, "Esc closes")
        for word in ("Pool", "AUC", "MAD", "from", "digit"):
            assert word in told, word


def test_8_a_start_remembers_and_the_palette_calls_the_tour(tmp_path: Path, toured: dict[str, str]) -> None:
    with Terminal(tmp_path, 100, 30, toured) as terminal:
        terminal.line_tui()
        terminal.wait("automatic")
        terminal.type("m")
        terminal.wait("asks first")
        terminal.keys("C-p")
        terminal.wait("Search for commands")
        terminal.type("tour")
        terminal.keys("Enter")
        terminal.wait("Esc skips the tour")
        terminal.keys("Escape")
        terminal.wait("Esc skips the tour", gone=True)
        terminal.keys("C-z")
        terminal.wait("Stopped")
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.wait("asks first")
        terminal.type("q")
        terminal.wait_for_end()
        terminal.line_tui()
        terminal.wait("asks first")


@pytest.mark.parametrize(("width", "height"), [(60, 18), (40, 12)])
def test_8_a_small_terminal_shows_less_and_refuses_nothing(
    tmp_path: Path, toured: dict[str, str], width: int, height: int
) -> None:
    with Terminal(tmp_path, width, height, toured) as terminal:
        terminal.line_tui()
        # Names lose their middle.
        terminal.see("Model", "fc", "emo…")


def test_10_the_page_says_how_to_repeat_it_and_several_have_an_index(tmp_path: Path, stored: dict[str, str]) -> None:
    done = line_tui(stored, "runs", "export", "r3", "r4", "--format", "html", "--to", str(tmp_path / "out"))
    assert [Path(line).name for line in done.splitlines()] == ["index.html", "r3.html", "r4.html"]
    page = (tmp_path / "out" / "r3.html").read_text()
    for part in ("line-tui explain emoji-resnet18 fc 3", "2604.08039", "fake-bank", "in the order drawn"):
        assert part in page, part


def test_11_the_command_line_helps(stored: dict[str, str]) -> None:
    typo = call(stored, "explian", "x")
    assert typo.returncode == 2 and "explain" in typo.stderr
    assert "r3" in line_tui(stored, "runs", "--model", "emoji-resnet18")
    header, *rows = line_tui(stored, "runs", "export", "--format", "csv").splitlines()
    assert {"name", "ci_low", "ci_high", "share", "judgement"} <= set(header.split(",")) and len(rows) == 2
