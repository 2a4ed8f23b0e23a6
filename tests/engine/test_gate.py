import threading

import pytest

from line_tui.engine.gate import Gate
from line_tui.explain.ports import Cancelled


def passes(gate: Gate) -> threading.Event:
    """Set once the gate has let a thread through."""
    through = threading.Event()

    def hold() -> None:
        gate.hold()
        through.set()

    threading.Thread(target=hold, daemon=True).start()
    return through


def test_an_open_gate_lets_through() -> None:
    paused: list[int] = []
    gate = Gate(lambda: paused.append(1))
    gate.hold()
    gate.check()
    assert not paused


def test_a_paused_gate_holds_until_it_may_go() -> None:
    held = threading.Event()
    gate = Gate(held.set)
    gate.pause()
    through = passes(gate)
    assert held.wait(30) and not through.is_set()
    gate.go()
    assert through.wait(30)


def test_one_step_lets_one_through() -> None:
    held = threading.Event()
    gate = Gate(held.set)
    gate.step()
    gate.hold()
    assert not held.is_set()
    through = passes(gate)
    assert held.wait(30) and not through.is_set()
    gate.step()
    assert through.wait(30)


def test_what_the_person_said_is_not_missed() -> None:
    gate = Gate(lambda: None)
    gate.poke()
    gate.wait()
    waiting = threading.Thread(target=gate.wait, daemon=True)
    waiting.start()
    gate.poke()
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_stop_leaves_everywhere() -> None:
    gate = Gate(lambda: None)
    gate.pause()
    gate.stop()
    for place in (gate.hold, gate.wait, gate.check):
        with pytest.raises(Cancelled):
            place()
