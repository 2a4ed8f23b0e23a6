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
    """A descriptor that was closed would become that of the next file, which stray output would then go into."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # Names of files are bytes, and need not be text.
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Narration(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )


class _Narration(io.FileIO):
    """Messages beside the data. Losing them, on a full disk for example, loses nothing."""

    def write(self, data: Any) -> int:
        """Write what can be written."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Who ends this process wants what Ctrl-C wants."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
