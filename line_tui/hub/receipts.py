"""Remembers verified files by size and modification time, so that gigabytes are not hashed again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from line_tui import private
from line_tui.config import data_folder


class Receipts:
    """A small file of path -> (bytes, nanoseconds); if it is lost, `line-tui models verify` recreates it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or data_folder() / "verified.json"

    def write(self, paths: Iterable[Path]) -> None:
        """Record that files were verified; failing to write is not an error."""
        with suppress(OSError, ValueError):
            receipts = {path: stamp for path, stamp in self._read().items() if os.path.exists(path)}  # noqa: PTH110
            receipts |= {str(path.resolve()): _stamp(path) for path in paths}
            private.write(self._path, msgspec.json.encode(receipts))

    def hold(self, paths: Iterable[Path]) -> bool:
        """Whether all files were verified and have not changed since."""
        receipts = self._read()
        return all(receipts.get(str(path.resolve())) == _stamp(path) for path in paths)

    def _read(self) -> dict[str, tuple[int, int]]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, tuple[int, int]])
        except (OSError, ValueError, RecursionError):
            return {}


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
