"""What every test of the app shares."""

import pytest


@pytest.fixture(autouse=True)
def no_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bank takes longer to read than all the rest."""
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: None)
