"""What every test of the app shares."""

from pathlib import Path

import pytest

from line_tui.tui.neuron_overview import NeuronOverview, NeuronProfile
from tests.tui.stage import Stage, stage


@pytest.fixture(autouse=True)
def no_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bank takes longer to read than all the rest."""
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: None)


@pytest.fixture
def bank(no_bank: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one, in which all neurons of every layer are alike."""
    best = [NeuronOverview("tomato", 2.1), NeuronOverview("grass", 2.4), NeuronOverview("cloud", 1.2)]
    monkeypatch.setattr("line_tui.tui.model_cache.bank_overview", lambda model, layer: best)
    seen = NeuronProfile((("tomato", 8.77), ("rose", 7.1), ("grass", 2.0)), (0.1, 0.2, 0.4, 0.4, 2.0, 8.77), (8.77,))
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: seen)


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    """The app over an empty store."""
    return stage(tmp_path)
