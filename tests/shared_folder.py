"""What takes long to make is made once, though several workers of pytest-xdist need it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of this name, which whoever comes first makes and fills; the others wait."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, full = root / name, root / f"{name}.full"
    with FileLock(root / f"{name}.lock"):
        if not full.exists():
            folder.mkdir(exist_ok=True)
            fill(folder)
            full.touch()
    return folder
