"""Grades labels by the accepted answers of the planted units."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from line_tui.explain.ports import Embedder
from line_tui.explain.word_forms import clean, same_form, singular
from line_tui.models.model_files import bundled_models


class Unit(msgspec.Struct, frozen=True):
    """A planted unit as `answers.json` describes it.

    `senses` has the accepted answers of each meaning; `names` has the outputs whose name makes a label right if it is
    the nearest to that label. `both` has the words of a conjunction's parts.
    """

    unit: int
    kind: str
    senses: list[list[str]]
    names: list[list[int]]
    both: list[list[str]]
    withheld: bool
    counted: bool


class Answers:
    """The planted units, and the rule for a right label."""

    def __init__(self, embedder: Embedder, folder: Path | None = None) -> None:
        folder = folder or bundled_models()
        document = json.loads((folder / "emoji-planted" / "answers.json").read_text())
        self.units: list[Unit] = msgspec.convert(document["units"], list[Unit], strict=False)
        labels = json.loads((folder / "emoji-resnet18" / "labels.json").read_text())
        self._names: list[str] = [entry["name"] for entry in labels]
        self._embedder = embedder

    def senses_found(self, unit: Unit, labels: Sequence[str]) -> list[bool]:
        """For each sense of a unit, whether a label names it."""
        return [
            any(self._says(label, answers, outputs) or _says_both(label, unit.both) for label in labels)
            for answers, outputs in zip(unit.senses, unit.names, strict=True)
        ]

    def right(self, unit: Unit, label: str) -> bool:
        """Whether the label is an accepted answer, is nearest in embedding to the unit's name, or names both parts."""
        return any(self.senses_found(unit, [label]))

    def _says(self, label: str, answers: Sequence[str], outputs: Sequence[int]) -> bool:
        if same_form(label) in {same_form(answer) for answer in answers}:
            return True
        if not outputs:
            return False
        vectors = self._embedder.embed([label.lower(), *self._names])
        return int(np.argmax(vectors[1:] @ vectors[0])) in outputs


def _says_both(label: str, both: Sequence[Sequence[str]]) -> bool:
    """Whether a label contains a word of every part, in singular or plural."""
    text = f" {_singulars(label)} "
    return bool(both) and all(any(f" {_singulars(word)} " in text for word in words) for words in both)


def _singulars(text: str) -> str:
    return " ".join(singular(word) for word in clean(text).replace("-", " ").split())
