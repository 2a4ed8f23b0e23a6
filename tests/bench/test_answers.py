import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from line_tui.bench.answers import Answers

DIRECTIONS = {"fruit": 0, "pear": 0, "car": 1, "lorry": 1, "face": 2, "smile": 2, "stone": 3}


class Directions:
    def embed(self, texts: Any) -> Any:
        return np.eye(4, dtype=np.float32)[[DIRECTIONS[text] for text in texts]]


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    (tmp_path / "emoji-planted").mkdir()
    (tmp_path / "emoji-resnet18").mkdir()
    usual = {"withheld": False, "counted": True, "average_precision": 0.9}
    units = [
        {"unit": 0, "kind": "single", "senses": [["fruit", "berries"]], "names": [[0]], "both": [], **usual},
        {"unit": 1, "kind": "two senses", "senses": [["fruit"], ["car"]], "names": [[0], [1]], "both": [], **usual},
        {"unit": 2, "kind": "broader", "senses": [["produce"]], "names": [[]], "both": [], **usual},
        {
            "unit": 3,
            "kind": "conjunction",
            "senses": [["red fruit"]],
            "names": [[]],
            "both": [["red", "crimson"], ["fruit", "pome fruit"]],
            **usual,
        },
    ]
    (tmp_path / "emoji-planted" / "answers.json").write_text(json.dumps({"units": units}))
    names: list[dict[str, object]] = [{"name": name, "kind": "tag", "members": []} for name in ("fruit", "car", "face")]
    (tmp_path / "emoji-resnet18" / "labels.json").write_text(json.dumps(names))
    return Answers(Directions(), tmp_path)


def test_an_accepted_answer_in_any_number_is_right(answers: Answers) -> None:
    assert answers.right(answers.units[0], "Berry")


def test_a_label_whose_nearest_unit_name_is_the_units_is_right(answers: Answers) -> None:
    assert answers.right(answers.units[0], "pear")
    assert not answers.right(answers.units[0], "lorry")
    assert not answers.right(answers.units[0], "smile")


def test_each_sense_must_be_named(answers: Answers) -> None:
    two = answers.units[1]
    assert answers.senses_found(two, ["pear", "lorry"]) == [True, True]
    assert answers.senses_found(two, ["pear", "fruit"]) == [True, False]
    assert answers.senses_found(two, []) == [False, False]


def test_a_broader_unit_is_what_its_parts_have_in_common(answers: Answers) -> None:
    assert answers.senses_found(answers.units[2], ["produce"]) == [True]
    assert answers.senses_found(answers.units[2], ["fruit"]) == [False]


@pytest.mark.parametrize("label", ["red fruit", "Red fruits", "a fruit that is crimson", "pome-fruit, red"])
def test_a_conjunction_is_right_when_both_parts_are_named(answers: Answers, label: str) -> None:
    assert answers.right(answers.units[3], label)


@pytest.mark.parametrize("label", ["fruit", "red", "red car", "reddish fruit", "infrared fruit"])
def test_a_conjunction_of_which_one_part_is_named_is_wrong(answers: Answers, label: str) -> None:
    assert not answers.right(answers.units[3], label)
