import pytest
import torch
from torch import nn

from tests.bundled.conftest import read


def test_every_unit_is_a_named_concept_with_members(network: nn.Module) -> None:
    units = read("emoji-resnet18/labels.json")
    assert len(units) == network.fc.out_features
    assert len({unit["name"] for unit in units}) == len(units)
    composed = [unit for unit in units if not unit["members"]]
    assert {unit["kind"] for unit in composed} == {"background", "count", "size", "turn", "place"}
    concepts = [unit for unit in units if unit["members"]]
    assert len(concepts) >= 140 and all(len(unit["members"]) >= 8 for unit in concepts)


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("strawberry", "fruit"),
        ("dog face", "mammal"),
        ("grinning face", "face"),
        ("red heart", "heart"),
        ("airplane", "vehicle"),
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
