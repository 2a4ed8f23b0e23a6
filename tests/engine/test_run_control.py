import threading

import pytest

from line_tui.engine.run_control import RunControl
from line_tui.explain.ports import Cancelled


def passed(run_control: RunControl) -> threading.Event:
    """Set once the run control has let a thread through."""
    through = threading.Event()

    def hold() -> None:
        run_control.wait_while_paused()
        through.set()

    threading.Thread(target=hold, daemon=True).start()
    return through


def test_nothing_blocks_without_a_pause() -> None:
    paused: list[int] = []
    run_control = RunControl(lambda: paused.append(1))
    run_control.wait_while_paused()
    run_control.check()
    assert not paused


def test_a_pause_blocks_until_the_run_is_resumed() -> None:
    held = threading.Event()
    run_control = RunControl(held.set)
    run_control.pause()
    through = passed(run_control)
    assert held.wait(30) and not through.is_set()
    run_control.resume()
    assert through.wait(30)


def test_one_step_is_taken_at_a_time() -> None:
    held = threading.Event()
    run_control = RunControl(held.set)
    run_control.step()
    run_control.wait_while_paused()
    assert not held.is_set()
    through = passed(run_control)
    assert held.wait(30) and not through.is_set()
    run_control.step()
    assert through.wait(30)


def test_no_decision_is_missed() -> None:
    run_control = RunControl(lambda: None)
    run_control.wake()
    run_control.wait_for_decision()
    waiting = threading.Thread(target=run_control.wait_for_decision, daemon=True)
    waiting.start()
    run_control.wake()
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_stop_ends_every_wait() -> None:
    run_control = RunControl(lambda: None)
    run_control.pause()
    run_control.stop()
    for place in (run_control.wait_while_paused, run_control.wait_for_decision, run_control.check):
        with pytest.raises(Cancelled):
            place()
