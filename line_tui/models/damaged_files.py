"""Reports damaged model files as such, whatever error the library raises."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from line_tui.errors import LineError, ModelFileError, first_line
from line_tui.explain.ports import Cancelled
from line_tui.models.out_of_memory import is_out_of_memory


@contextmanager
def files_of(name: str) -> Iterator[None]:
    """Within the block, turn library errors into ModelFileError; our own errors and out-of-memory errors pass
    through."""
    try:
        yield
    except (LineError, Cancelled):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        traceback.print_exception(error)
        raise ModelFileError(
            f"{name}: its files cannot be used: {type(error).__name__}: {first_line(error)}"[:400],
            "they are damaged or of another kind: correct its entry, or fetch it again; the log has the details",
        ) from error
