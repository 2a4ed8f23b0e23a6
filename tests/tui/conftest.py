"""What every test of the app shares."""

from pathlib import Path

import pytest

from tests.tui.stage import Stage, stage


@pytest.fixture(autouse=True)
def no_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bank takes longer to read than all the rest."""
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: None)


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    """The app over an empty store."""
    return stage(tmp_path)
