import pytest
import torch
from torch import nn

from tests.bundled.conftest import read


def test_every_unit_is_a_named_concept_with_members(network: nn.Module) -> None:
    units = read("emoji-resnet18/labels.json")
    assert len(units) == network.fc.out_features
    assert len({unit["name"] for unit in units}) == len(units)
    assert all(len(unit["members"]) >= 6 and unit["kind"] in ("tag", "subgroup", "group") for unit in units)


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("strawberry", "fruit"),
        ("dog face", "mammal"),
        ("grinning face", "face"),
        ("red heart", "heart"),
        ("airplane", "aircraft"),
        ("guitar", "musical instrument"),
    ],
)
def test_it_knows_what_the_generator_draws(
    word: str, unit: str, network: nn.Module, pictures: dict[str, torch.Tensor]
) -> None:
    row = [entry["name"] for entry in read("emoji-resnet18/labels.json")].index(unit)
    with torch.inference_mode():
        scores = {name: network(drawn)[:, row].mean().item() for name, drawn in pictures.items()}
    assert max(scores, key=scores.__getitem__) == word
