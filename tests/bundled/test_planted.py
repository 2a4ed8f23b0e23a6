from typing import Any

import torch

from line_tui.worlds.emoji.planted import PlantedNetwork
from tests.bundled.conftest import read

WITHOUT = {"dead", "constant", "random direction", "noise"}


def test_enough_units_with_a_concept_and_without() -> None:
    document = read("emoji-planted/answers.json")
    units = document["units"]
    assert [unit["unit"] for unit in units] == list(range(len(units)))
    assert sum(bool(unit["senses"]) for unit in units) >= 160
    assert sum(unit["kind"] in WITHOUT for unit in units) >= 60
    assert sum(unit["counted"] for unit in units) >= 120
    for unit in units:
        assert bool(unit["senses"]) == (unit["kind"] not in WITHOUT)
        assert len(unit["senses"]) == (2 if unit["kind"] == "two senses" else int(bool(unit["senses"])))
        assert len(unit["names"]) == len(unit["senses"])
        assert len(unit["both"]) == (2 if unit["kind"] == "conjunction" else 0)
        if unit["counted"]:
            assert unit["average_precision"] >= document["floor"] and unit["kind"] != "exception"


def test_units_are_what_their_answers_say(planted: PlantedNetwork, pictures: dict[str, torch.Tensor]) -> None:
    units = read("emoji-planted/answers.json")["units"]
    with torch.inference_mode():
        outputs = torch.cat([planted.network(drawn) for drawn in pictures.values()])
        found = planted.planted(outputs)
    z = (outputs - planted.planted.shift) / planted.planted.scale
    for unit in units:
        parts = [z[:, output] for output in unit["outputs"]]
        expected: dict[str, Any] = {
            "single": lambda parts=parts: parts[0],
            "two senses": lambda parts=parts: torch.maximum(*parts),
            "broader": lambda parts=parts: sum(parts) / len(parts),
            "conjunction": lambda parts=parts: torch.minimum(*parts),
            "exception": lambda parts=parts: parts[0] - parts[1],
            "dead": lambda: torch.zeros(len(z)),
            "constant": lambda: torch.ones(len(z)),
        }
        if unit["kind"] in expected:
            assert torch.allclose(found[:, unit["unit"]], expected[unit["kind"]](), atol=1e-4), unit


def test_half_of_the_units_need_a_word_that_the_vocabulary_lacks() -> None:
    units = [unit for unit in read("emoji-planted/answers.json")["units"] if unit["counted"]]
    concepts = set(read("emoji-bank/bank.json")["concepts"])
    withheld = [unit for unit in units if unit["withheld"]]
    assert 0.4 < len(withheld) / len(units) < 0.6
    for unit in withheld:
        assert not concepts & {answer for sense in unit["senses"] for answer in sense}
