"""Main functions of child processes: they report errors in one line on stderr, as the command line does."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from line_tui.errors import INTERRUPTED, LineError, StoreError, UsageError
from line_tui.offline import refuse_sockets
from line_tui.orphan import end_with_parent


class ArgumentParser(argparse.ArgumentParser):
    """A parser whose errors are UsageErrors."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(message, f"`{self.prog} --help` tells how")


def positive(text: str) -> int:
    """Parse an argument as a positive integer."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)


def run_alone(main: Callable[[], int | None]) -> NoReturn:
    """Exit with the result of `main`, run without network access and ended with its parent."""
    refuse_sockets()
    end_with_parent()
    sys.exit(exit_code(main))


def exit_code(main: Callable[[], int | None]) -> int:
    """Run the main function of a process, report its error, and return the exit code."""
    try:
        code = main()
        sys.stdout.flush()
        return code or 0
    except LineError as error:
        return _report(error)
    except BrokenPipeError as error:
        lost_output(error)
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _report(lost_output(error))
    except KeyboardInterrupt:
        return INTERRUPTED


def lost_output(error: OSError) -> StoreError:
    """The error for a stdout that cannot be written; closes it for further output."""
    # Python would flush the rest at exit and fail again, with another exit code.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return StoreError(
        f"stdout cannot be written: {error.strerror or error}",
        "nothing stored is lost: `line-tui runs` lists the runs, and `line-tui runs show ID` prints a result",
    )


def _report(error: LineError) -> int:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return error.exit_code
