"""Pages as headless Chromium shows them."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
_ALONE = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def dom(page: Path, *flags: str) -> str:
    """What the browser made of a page; its profile is kept beside it."""
    profile = f"--user-data-dir={page.parent / 'profile'}"
    done = subprocess.run(
        ["chromium", *_ALONE, *flags, profile, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    return done.stdout
