"""Command lines of child processes: what is wrong with them is one line on stderr, as in the command line itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from line_tui.errors import INTERRUPTED, LineError, UsageError


class ArgumentParser(argparse.ArgumentParser):
    """A parser whose errors are UsageErrors."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(message, f"`{self.prog} --help` tells how")


def positive(text: str) -> int:
    """An argument that is a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)


def exit_code(main: Callable[[], int | None]) -> int:
    """Run the main function of a process, report its error, and return the exit code."""
    try:
        return main() or 0
    except LineError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
