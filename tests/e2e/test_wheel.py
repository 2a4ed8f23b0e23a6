"""The built wheel, outside the clone: the bundled models must travel inside it; test_offline.py makes a run with it."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from line_tui import __version__
from tests.e2e.conftest import ROOT

LARGEST = 100_000_000
"""Bytes of a file that PyPI takes without asking."""


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the clone is not on the path before the wheel."""
    environment = os.environ | {"PYTHONPATH": str(installed), "LINE_TUI_DATA": str(folder / "data")}
    return subprocess.run(
        [sys.executable, "-P", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def tracked(*paths: str) -> set[str]:
    """Files of the repository under these paths."""
    done = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")) - {""}


def test_its_metadata(wheel: Path) -> None:
    assert wheel.name == f"line_tui-{__version__}-py3-none-any.whl" and wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as opened:
        info = f"line_tui-{__version__}.dist-info"
        metadata = email.message_from_bytes(opened.read(f"{info}/METADATA"))
        assert (metadata["Name"], metadata["Version"], metadata["License-Expression"]) == (
            "line-tui",
            __version__,
            "MIT",
        )
        assert (
            metadata["Requires-Python"] == ">=3.11" and metadata["Summary"] and "# line-tui" in metadata.get_payload()
        )
        for licence in ("LICENSE", "NOTICE"):
            assert opened.read(f"{info}/licenses/{licence}") == (ROOT / licence).read_bytes()
        assert opened.read(f"{info}/entry_points.txt").decode().split() == (
            ["[console_scripts]", "line-tui", "=", "line_tui.__main__:main"]
        )


def test_what_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        inside = {name for name in opened.namelist() if ".dist-info/" not in name}
        bundled = {name for name in inside if name.startswith("line_tui/bundled/")}
        assert inside - bundled == tracked("line_tui")
        models = {name.replace("line_tui/bundled/", "models/") for name in bundled}
        folders = (
            "emoji-bank",
            "emoji-diffusion",
            "emoji-planted",
            "emoji-resnet18",
            "lexicon",
            "catalog.toml",
            "layers.json",
            "NOTICE",
            "SHA256SUMS",
        )
        assert models == tracked(*(f"models/{folder}" for folder in folders))
        for name in bundled:
            assert opened.getinfo(name).file_size == (ROOT / name.replace("line_tui/bundled", "models")).stat().st_size


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-c", "import line_tui; print(line_tui.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_its_models_are_verified(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-m", "line_tui", "models", "verify", "demo", "--json")
    assert done.returncode == 0, done.stderr
    assert {each["id"]: each["state"] for each in json.loads(done.stdout)} == dict.fromkeys(
        ("smollm2-135m", "emoji-diffusion", "emoji-resnet18"), "verified"
    )
