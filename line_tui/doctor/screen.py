"""Checks the terminal: colours, size, and how it can show pictures."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

import msgspec

from line_tui.doctor.findings import Finding

_COLUMNS, _ROWS = 80, 24


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """The terminal's capabilities; `protocol` is None without a terminal."""

    protocol: str | None
    """How pictures can be shown: "kitty", "sixel" or "halfcell"."""
    columns: int
    rows: int
    truecolor: bool
    multiplexer: str = ""


def read_terminal(ask: Callable[[], str]) -> Terminal:
    """What is known about the terminal; `ask` queries its protocol, which takes up to 0.2 s."""
    size = shutil.get_terminal_size()
    environment = os.environ
    return Terminal(
        protocol=ask() if sys.stdin.isatty() and sys.stdout.isatty() else None,
        columns=size.columns,
        rows=size.lines,
        truecolor=environment.get("COLORTERM", "") in ("truecolor", "24bit"),
        multiplexer="tmux" if "TMUX" in environment else "screen" if "STY" in environment else "",
    )


def check_terminal(terminal: Terminal) -> Finding:
    """Check what the app needs."""
    if terminal.protocol is None:
        return Finding("terminal", "note", "none: `line-tui explain` works, but the app needs one")
    found = f"{terminal.columns} x {terminal.rows}, pictures as {terminal.protocol}"
    if terminal.columns < _COLUMNS or terminal.rows < _ROWS:
        return Finding("terminal", "problem", found, f"enlarge it to {_COLUMNS} x {_ROWS} or more")
    if not terminal.truecolor:
        return Finding(
            "terminal",
            "note",
            f"{found}, without 24-bit colours",
            "if your terminal has them, set COLORTERM=truecolor"
            + (", and in tmux `RGB` in terminal-features" * (terminal.multiplexer == "tmux")),
        )
    if terminal.protocol == "halfcell":
        where = f"outside of {terminal.multiplexer}" if terminal.multiplexer else "in Kitty, WezTerm, foot or xterm"
        return Finding(
            "terminal",
            "note",
            found,
            f"for sharper pictures, start it {where}, which may support sixel or Kitty's protocol",
        )
    return Finding("terminal", "ok", found)
