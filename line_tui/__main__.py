"""`line-tui` and `python -m line_tui`."""

from __future__ import annotations

import io
import os
import signal
import sys
from types import FrameType
from typing import Any

from line_tui.cli import run
from line_tui.cli.interrupts import ending_signals


def main() -> None:
    """Run the command line of this process."""
    _open_streams()
    for number in ending_signals():
        if number != signal.SIGINT:
            signal.signal(number, _interrupt)
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Open closed standard streams: the next opened file would get the descriptor, and receive stray output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # File names are bytes and may not be valid text.
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Narration(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )


class _Narration(io.FileIO):
    """Messages on stderr. They may be lost, for example on a full disk."""

    def write(self, data: Any) -> int:
        """Write, ignoring errors."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Treat other signals that end the process like Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
