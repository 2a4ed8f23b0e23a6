"""The command line. stdout is for data, stderr for messages. Models live in the engine's process, never in this one.

Exit codes: 0 done, 1 unexpected error, 2 wrong call, 3 unknown name, 4 model files, 5 engine, 6 store, 7 memory,
8 hub, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

from line_tui.cli.main import run

__all__ = ["run"]
