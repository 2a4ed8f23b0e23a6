"""What the live view shows of a run, in a terminal and elsewhere."""

import io

import pytest
from rich.console import Console

from line_tui import events as e
from line_tui.cli.run_progress import LiveView
from line_tui.consoles import PlainConsole
from line_tui.explain.state import RunState
from tests.report.test_result import EVENTS


def drawn(view: LiveView) -> str:
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(view._render())
    return console.export_text()


def see(view: LiveView, *events: e.AnyEvent, time: float = 0.0) -> None:
    for event in events:
        view.show_event(e.Envelope(run_id="r", time=time, event=event))


@pytest.fixture
def view() -> LiveView:
    return LiveView(PlainConsole(file=io.StringIO(), width=80), RunState())


def test_the_phase_and_its_progress(view: LiveView) -> None:
    see(view, e.PhaseChanged(phase="loading", detail="language model"))
    assert drawn(view).splitlines() == ["loading models: language model"]
    see(view, *EVENTS[:3], e.PhaseChanged(phase="drawing", detail="rose"), e.Progress(phase="drawing", done=3, total=8))
    assert drawn(view).splitlines()[0] == "drawing: rose 3/8"
    see(view, e.PhaseChanged(phase="proposing", detail="new"), e.Token(text=" red"), e.Token(text=" rose"))
    assert drawn(view).splitlines()[0] == "proposing: new “red rose”"
    see(view, e.PhaseChanged(phase="drawing", detail="red rose"))
    assert drawn(view).splitlines()[0] == "drawing: red rose"


def test_images_done_best_and_time_left(view: LiveView) -> None:
    see(view, *EVENTS[:4], e.PhaseChanged(phase="drawing"))
    see(view, *EVENTS[4:12], time=15.0)
    lines = drawn(view).splitlines()
    # Three images in 15 seconds, and (10 + 10 + 1) * 5 planned.
    assert "3/105 images about 8 min 30 s left" in lines[1]
    assert lines[2] == "best so far 0.900 rose"


def test_what_is_to_be_known_of_the_models_stays_on_the_screen() -> None:
    file = io.StringIO()
    view = LiveView(PlainConsole(file=file, width=80), RunState())
    see(view, e.ModelsLoaded(seconds=1.0, notes=["llama: 16 of its 32 layers fit on the GPU"]))
    assert file.getvalue() == "llama: 16 of its 32 layers fit on the GPU\n"


def test_elsewhere_one_line_a_concept() -> None:
    file = io.StringIO()
    view = LiveView(PlainConsole(file=file, width=80), RunState())
    with view.shown():
        see(view, *EVENTS, e.Token(text="nothing of this"))
    assert file.getvalue().splitlines() == [
        "run r",
        "control set: 1 concept, 1 picture drawn",
        "the control set is not complete: the terminal app draws 3 more concepts while it is idle",
        "   0.600  stone  vocabulary, iteration 0  best so far",
        "   0.900  rose  llm, iteration 1  best so far",
    ]
