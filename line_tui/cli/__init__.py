"""The command line. Data goes to stdout, messages to stderr. Models are never loaded in this process.

Exit codes: 0 done, 1 unexpected error, 2 wrong call, 3 unknown name, 4 model files, 5 engine, 6 store, 7 memory,
8 hub, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

from line_tui.cli.main import run

__all__ = ["run"]
