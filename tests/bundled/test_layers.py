import pytest

from line_tui.models.catalog import shipped_catalog
from line_tui.models.layer_cache import shipped_layers
from line_tui.models.vision_loader import layers_of

INSTALLED = [entry.id for entry in shipped_catalog().vision if entry.source.bundled or entry.source.package]


def test_every_model_that_is_installed_has_its_layers_listed() -> None:
    assert list(shipped_layers()) == INSTALLED


@pytest.mark.parametrize("model", INSTALLED)
def test_the_layers_are_those_of_the_model(model: str) -> None:
    assert shipped_layers()[model] == layers_of(model, shipped_catalog())
