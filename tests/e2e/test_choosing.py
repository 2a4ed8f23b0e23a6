"""Choosing what to explain: models, layers and neurons, what the bank knows of them, and the runs there were."""

import re
import shutil
from pathlib import Path

import pytest

from line_tui.tui.neuron_overview import bank_overview
from tests.e2e.conftest import ONE_SENSE, TWO_SENSES, store_of
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


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


def test_models_layers_and_neurons_are_searched(tmp_path: Path, toured: dict[str, str]) -> None:
    with Terminal(tmp_path, width=140, height=40, environment=toured) as terminal:
        terminal.line_tui()
        outputs, best = (bank_overview("emoji-resnet18", layer) for layer in ("fc", "layer3"))
        assert outputs is not None and best is not None
        terminal.see("emoji-resnet18", "emoji-planted", "avgpool", outputs[0].concept)
        terminal.keys("Right")
        find(terminal, "layer", "layer3")
        terminal.see("/layer3", "layer3.0.bn1", "256", "line-tui explain emoji-resnet18 layer3 0")
        assert "avgpool" not in terminal.text()
        terminal.keys("Right")
        find(terminal, "neuron", "castle")
        castles = [str(n) for n, neuron in enumerate(best) if "castle" in neuron.concept]
        assert [row[0] for row in neurons(terminal.wait("/castle"))][: len(castles)] == castles[:20]
        terminal.see(f"line-tui explain emoji-resnet18 layer3 {castles[0]} --strategy published")
        terminal.type("/")
        terminal.wait(" castle\n")
        terminal.keys("Escape")
        terminal.see("/layer3", best[0].concept)
        terminal.keys("Left", "Left")
        find(terminal, "model", "plant")
        terminal.see("network.layer3.0.bn1", "explain emoji-planted network.layer3")
        assert "efficientnet" not in terminal.text()


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
            terminal.wait("f1 Help")
            terminal.keys("Escape")
            terminal.wait(f"/{flat}", gone=True)
            terminal.wait("q Quit")
        terminal.type("?")
        terminal.see("Best in bank", "dead", "constant")


def test_earlier_runs_of_the_neuron_come_first_then_starred_ones(tmp_path: Path, kept: dict[str, str]) -> None:
    store = store_of(kept)
    newest, oldest = store.runs()
    store.star(oldest.id)
    with Terminal(tmp_path, environment=kept) as terminal:
        terminal.line_tui()
        terminal.wait("avgpool")
        screen = terminal.wait("Earlier runs")
        assert screen.index(f"★ emoji-planted   planted {oldest.neuron}") < screen.index(f"planted {newest.neuron}")
        find(terminal, "model", "planted")
        terminal.wait("explain emoji-planted planted 0")
        terminal.keys("Right", "Right")
        find(terminal, "neuron", str(newest.neuron))
        screen = terminal.wait("Earlier runs · 1 of this neuron")
        assert screen.index(f"planted {newest.neuron}  ") < screen.index(f"★ emoji-planted   planted {oldest.neuron}")
        assert str(newest.label) in screen
        terminal.keys("Tab", "Enter")
        terminal.see("The label is", f"“{newest.label}”", f"planted › {newest.neuron}")
