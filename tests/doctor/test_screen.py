from __future__ import annotations

import msgspec
import pytest

from line_tui.doctor.screen import Terminal, check_terminal, read_terminal

KITTY = Terminal(protocol="kitty", columns=120, rows=40, truecolor=True)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({}, "ok", "120 x 40, pictures as kitty"),
        ({"protocol": None}, "note", "the app needs one"),
        ({"columns": 60}, "problem", "60 x 40"),
        ({"rows": 20}, "problem", "120 x 20"),
        ({"truecolor": False}, "note", "without 24-bit colours"),
        ({"protocol": "halfcell"}, "note", "pictures as halfcell"),
    ],
)
def test_terminals(change: dict[str, object], status: str, said: str) -> None:
    finding = check_terminal(msgspec.structs.replace(KITTY, **change))
    assert (finding.status, said in finding.found) == (status, True)
    assert bool(finding.fix) == (status != "ok" and change.get("protocol", "") is not None)


def test_the_advice_in_tmux() -> None:
    finding = check_terminal(msgspec.structs.replace(KITTY, protocol="halfcell", multiplexer="tmux"))
    assert "outside of tmux" in finding.fix


def test_no_terminal_is_asked_nothing() -> None:
    # Under pytest neither stdin nor stdout is one.
    assert read_terminal(lambda: "kitty").protocol is None
