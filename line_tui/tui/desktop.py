"""Opens files on the desktop, if there is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def open_file(path: Path) -> bool:
    """Open a file with the desktop's default program; False if there is no desktop."""
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    quiet = subprocess.DEVNULL
    try:
        subprocess.Popen([opener, str(path)], stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:
        return False
    return True
