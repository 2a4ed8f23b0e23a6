"""The built wheel, outside the clone: the bundled models must travel inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the clone is not on the path before the wheel."""
    environment = os.environ | {"PYTHONPATH": str(installed), "LINE_TUI_DATA": str(folder / "data")}
    return subprocess.run(
        [sys.executable, "-P", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-c", "import line_tui; print(line_tui.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_a_neuron_is_explained(installed: Path, tmp_path: Path) -> None:
    done = run(
        installed,
        tmp_path,
        *("-m", "line_tui", "explain", "emoji-resnet18", "fc", "3", "--json", "--iterations", "1", "--images", "2"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["model"], result["layer"], result["neuron"]) == ("emoji-resnet18", "fc", 3)
    assert result["label"] in [trial["concept"] for trial in result["trials"]]
