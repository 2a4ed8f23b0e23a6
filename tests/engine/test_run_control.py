import threading

import pytest

from line_tui.engine.run_control import RunControl
from line_tui.explain.ports import Cancelled


def passes(run_control: RunControl) -> threading.Event:
    """Set once the run control has let a thread through."""
    through = threading.Event()

    def hold() -> None:
        run_control.hold()
        through.set()

    threading.Thread(target=hold, daemon=True).start()
    return through


def test_an_open_gate_lets_through() -> None:
    paused: list[int] = []
    run_control = RunControl(lambda: paused.append(1))
    run_control.hold()
    run_control.check()
    assert not paused


def test_a_paused_gate_holds_until_it_may_go() -> None:
    held = threading.Event()
    run_control = RunControl(held.set)
    run_control.pause()
    through = passes(run_control)
    assert held.wait(30) and not through.is_set()
    run_control.go()
    assert through.wait(30)


def test_one_step_lets_one_through() -> None:
    held = threading.Event()
    run_control = RunControl(held.set)
    run_control.step()
    run_control.hold()
    assert not held.is_set()
    through = passes(run_control)
    assert held.wait(30) and not through.is_set()
    run_control.step()
    assert through.wait(30)


def test_what_the_person_said_is_not_missed() -> None:
    run_control = RunControl(lambda: None)
    run_control.poke()
    run_control.wait()
    waiting = threading.Thread(target=run_control.wait, daemon=True)
    waiting.start()
    run_control.poke()
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_stop_leaves_everywhere() -> None:
    run_control = RunControl(lambda: None)
    run_control.pause()
    run_control.stop()
    for place in (run_control.hold, run_control.wait, run_control.check):
        with pytest.raises(Cancelled):
            place()
