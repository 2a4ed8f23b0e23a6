"""What the sessions share: settings of their own, and a folder of finished runs that is made once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from line_tui.store import Store
from tests.e2e.terminal import line_tui
from tests.shared_folder import shared_folder

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
TWO_SENSES, ONE_SENSE = 100, 78
"""Planted neurons: to two words that have nothing in common, and to one."""


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Of somebody who starts the app for the first time, with short runs."""
    config = tmp_path / "config.toml"
    config.write_text("[explain]\nstrategy = 'published'\niterations = 2\nimages = 1\n")
    return {
        "LINE_TUI_CONFIG": str(config),
        "LINE_TUI_DATA": str(tmp_path / "data"),
        "LINE_TUI_LOG": str(tmp_path / "log"),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def toured(settings: dict[str, str]) -> dict[str, str]:
    """Of somebody who has seen the tour and has no run yet."""
    data = Path(settings["LINE_TUI_DATA"])
    data.mkdir()
    (data / "toured").touch()
    return settings


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an adaptive run of each of two neurons: the one of two senses is the newest."""

    def explain(folder: Path) -> None:
        settings = {"LINE_TUI_CONFIG": str(folder / "none.toml"), "OMP_NUM_THREADS": "1"}
        budget = ["--iterations", "2", "--images", "3", "--data", str(folder)]
        line_tui(settings, "explain", "emoji-planted", "planted", f"{ONE_SENSE},{TWO_SENSES}", *budget)

    return shared_folder(tmp_path_factory, "finished-runs", explain)


@pytest.fixture
def kept(settings: dict[str, str], finished_runs: Path) -> dict[str, str]:
    """Of somebody who has these runs."""
    shutil.copytree(finished_runs, settings["LINE_TUI_DATA"])
    return settings


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def build(folder: Path) -> None:
        subprocess.run([*PIP, "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True)

    (wheel,) = shared_folder(tmp_path_factory, "wheel", build).glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def install(folder: Path) -> None:
        subprocess.run([*PIP, "install", "-q", "--no-deps", "--target", folder, wheel], check=True)

    return shared_folder(tmp_path_factory, "site", install)


def store_of(settings: dict[str, str]) -> Store:
    """What is stored, read anew."""
    return Store.open(Path(settings["LINE_TUI_DATA"]))
