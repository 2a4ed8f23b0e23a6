"""Judging a run on its result screen, two runs side by side, and what is written on a run."""

import json
import shutil
from pathlib import Path

import pytest

from line_tui.events import durable
from line_tui.explain.state import fold
from line_tui.report.findings_text import percent
from tests.e2e.conftest import open_runs, store_of
from tests.e2e.terminal import Terminal, line_tui

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def test_a_result_with_two_senses(tmp_path: Path, kept: dict[str, str]) -> None:
    run = store_of(kept).runs()[0]
    state = fold(durable(store_of(kept).events(run.id)))
    shown = json.loads(line_tui(kept, "runs", "show", run.id, "--json"))
    one, other = state.senses
    pair = state.pairs[0]
    # All of the page at once.
    with Terminal(tmp_path, width=200, height=140, environment=kept) as terminal:
        open_runs(terminal)
        terminal.type("r")
        low, high = (f"{shown['score'][key]:.3f}" for key in ("ci_low", "ci_high"))
        terminal.see(
            f"“{run.label}”",
            f"AUC {shown['score']['auc']:.3f} [{low}, {high}]",
            f"{shown['score']['images']} fresh pictures",
        )
        terminal.see(f"Sense 1  {one.label}", f"Sense 2  {other.label}", "accounts for")
        variant = pair.variant or "no word"
        screen = terminal.see(f"Minimal pair  {pair.concept} against {variant}", f"loses {percent(pair.relative_drop)}")
        assert any(f"─ {pair.concept} ─" in line and f"─ {variant} ─" in line for line in screen.splitlines())
        terminal.see(
            "Strongest pictures of the run", "History", "what happened", f"line-tui explain {run.model} {run.layer}"
        )
        terminal.type("?")
        terminal.see("The score", "Senses", "Minimal pairs", "several senses")
        terminal.keys("Escape")
        terminal.wait("several senses", gone=True)

        terminal.answer("N", "Note about this run:", "money and ribbons")
        terminal.wait("money and ribbons")
        terminal.type("*")
        terminal.wait("★")

        top = max((image for trial in state.trials.values() for image in trial.images), key=lambda i: i.activation)
        terminal.type("v")
        terminal.see("picture 1 of 20", top.concept, f"seed {top.image.seed}")
    listed = json.loads(line_tui(kept, "runs", "--json"))
    assert (listed[0]["note"], listed[0]["starred"]) == ("money and ribbons", True)


def test_two_neurons_side_by_side(tmp_path: Path, kept: dict[str, str]) -> None:
    newest, oldest = store_of(kept).runs()
    with Terminal(tmp_path, width=120, height=50, environment=kept) as terminal:
        open_runs(terminal)
        terminal.type("c")
        terminal.wait("Marked. Press c on another run")
        terminal.keys("Down")
        terminal.type("c")
        screen = terminal.see(f"planted {newest.neuron} ⇄ emoji-planted planted {oldest.neuron}", "AUC left")
        found = [f"“{run.label}”" if run.label else "No concept found" for run in (newest, oldest)]
        heads = next(line for line in screen.splitlines() if found[0] in line)
        assert found[1] in heads
        terminal.see("Best so far", "Top pictures", *found)
        terminal.keys("Escape")
        terminal.wait("Runs · 2")
