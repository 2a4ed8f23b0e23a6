import json
from pathlib import Path

import numpy as np
import pytest

from line_tui.bench.answers import Answers

DIRECTIONS = {"fruit": 0, "pear": 0, "car": 1, "lorry": 1, "face": 2, "smile": 2, "stone": 3}


class Directions:
    def embed(self, texts):  # type: ignore[no-untyped-def]
        return np.eye(4, dtype=np.float32)[[DIRECTIONS[text] for text in texts]]


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    (tmp_path / "emoji-planted").mkdir()
    (tmp_path / "emoji-resnet18").mkdir()
    usual = {"withheld": False, "counted": True, "average_precision": 0.9}
    units = [
        {"unit": 0, "kind": "single", "outputs": [0], "senses": [["fruit", "berries"]], **usual},
        {"unit": 1, "kind": "two senses", "outputs": [0, 1], "senses": [["fruit"], ["car"]], **usual},
        {"unit": 2, "kind": "broader", "outputs": [0, 1], "senses": [["fruit", "car"]], **usual},
    ]
    (tmp_path / "emoji-planted" / "answers.json").write_text(json.dumps({"units": units}))
    names = [{"name": name, "kind": "tag", "members": []} for name in ("fruit", "car", "face")]
    (tmp_path / "emoji-resnet18" / "labels.json").write_text(json.dumps(names))
    return Answers(Directions(), tmp_path)


def test_an_accepted_answer_in_any_number_is_right(answers: Answers) -> None:
    assert answers.right(answers.units[0], "Berry")


def test_a_label_whose_nearest_unit_name_is_the_units_is_right(answers: Answers) -> None:
    assert answers.right(answers.units[0], "pear")
    assert not answers.right(answers.units[0], "lorry")
    assert not answers.right(answers.units[0], "smile")


def test_each_sense_must_be_said(answers: Answers) -> None:
    two = answers.units[1]
    assert answers.senses_found(two, ["pear", "lorry"]) == [True, True]
    assert answers.senses_found(two, ["pear", "fruit"]) == [True, False]
    assert answers.senses_found(two, []) == [False, False]


def test_a_broader_unit_is_either_of_its_parts(answers: Answers) -> None:
    assert answers.senses_found(answers.units[2], ["lorry"]) == [True]
