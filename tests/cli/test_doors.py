"""One nasty text through every door of the command line: it is shown as it is, and no terminal obeys it."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from line_tui import events as e
from line_tui.cli.output import table
from line_tui.cli.pull_progress import columns
from line_tui.cli.run_progress import LiveView
from line_tui.consoles import PlainConsole
from line_tui.events import Envelope
from line_tui.explain.state import fold
from line_tui.store import Store
from tests.cli.conftest import Call
from tests.nasty import NASTY, VISIBLE, obeyed, spoiled
from tests.tui.stage import events_of_a_run, keep

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def run_id(tmp_path: Path) -> str:
    store = Store.open(tmp_path / "data")
    events = spoiled(spoiled(events_of_a_run(), "strawberry"), "castle")
    keep(store, events)
    store.rename("r1", NASTY)
    store.annotate("r1", NASTY)
    store.close()
    return "r1"


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs",),
        ("runs", "--json"),
        ("runs", "show", "r1"),
        ("runs", "show", "r1", "--json"),
        ("runs", "export", "r1", "--format", "json"),
        ("runs", "export", "r1"),
        ("runs", "show", NASTY),
        ("explain", NASTY, NASTY, NASTY),
        ("explain", "fake", "fc", NASTY),
        ("layers", NASTY),
        ("models", "path", NASTY),
        ("config", NASTY),
        (NASTY,),
    ],
    ids=" ".join,
)
def test_no_command_says_what_a_terminal_obeys(call: Call, run_id: str, arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert obeyed(done.out + done.err) == set()
    assert VISIBLE in done.out + done.err
    assert not re.search(r"(?m)^forged", done.out + done.err), "it made a line of its own"
    assert "Traceback" not in done.err and done.code in (0, 2, 3)


def test_json_means_what_it_meant(call: Call, run_id: str) -> None:
    assert json.loads(call("runs", "--json").out)[0]["title"] == NASTY


@pytest.mark.parametrize(
    "arguments",
    [
        ("maximise", "fake", "fc", "0", "--to"),
        ("runs", "export", "--format", "html", "--to"),
        ("runs", "--data"),
        ("doctor", "--model", "fake", "--pictures"),
    ],
    ids=" ".join,
)
def test_no_file_named_dash_is_written_in_place_of_stdout(
    call: Call, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*arguments, "-")
    assert done.code == 2 and "this is not written to stdout; name a" in done.err
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "fake", "fc", "0", "--control"),
        ("evaluate", "fake", "fc", "--explanations"),
        ("evaluate", "fake", "fc", "--control"),
        ("runs", "--data"),
    ],
    ids=" ".join,
)
def test_a_name_of_nothing_is_not_the_current_folder(
    call: Call, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*arguments, "")
    assert done.code == 2 and "the name is empty; name a" in done.err
    assert not any(tmp_path.glob("*.db"))


def test_tables_are_of_one_line_a_row() -> None:
    assert table(["a", "b"], [(NASTY, NASTY)]).count("\n") == 1


def told(monkeypatch: pytest.MonkeyPatch, show: Any) -> str:
    """What a console writes into a terminal of no colours."""
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setenv("TERM", "dumb")
    show(PlainConsole(stderr=True))
    return out.getvalue()


def test_a_run_that_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Any] = spoiled(events_of_a_run(), "castle")
    events.insert(2, e.ModelsLoaded(seconds=1, notes=[NASTY]))
    events += [e.Stalled(iteration=1, attempts=2, remedy=NASTY), e.Token(text=NASTY)]
    events += [e.PhaseChanged(phase="loading", detail=NASTY)]

    def show(console: PlainConsole) -> None:
        view = LiveView(console, fold([]))
        with view.shown():
            for event in events:
                view.show_event(Envelope(run_id="r1", time=0, event=event))

    text = told(monkeypatch, show)
    assert VISIBLE in text and obeyed(text, but="\n\r") == set()


def test_the_progress_of_a_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    def show(console: PlainConsole) -> None:
        with Progress(*columns(), console=console) as progress:
            progress.add_task(NASTY, total=2, completed=1)
            console.print_line(NASTY)

    text = told(monkeypatch, show)
    assert VISIBLE in text and obeyed(text, but="\n\r") == set()


def test_everything_goes_through_the_door() -> None:
    """A text that is written by itself would be written as it is."""
    doors = {"line_tui/cli/output.py", "line_tui/consoles.py"}
    for path in (REPOSITORY / "line_tui").rglob("*.py"):
        name, text = path.relative_to(REPOSITORY).as_posix(), path.read_text()
        if name not in doors:
            assert not re.search(r"\bclick\.echo\(|\brich\.print|(?<!Plain)\bConsole\(", text), name
            assert "cli" not in name or not re.search(r"(?<![\w.])print\(", text), name
