"""Whether a label is right, by the accepted answers of the planted units."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from line_tui.explain.ports import Embedder
from line_tui.explain.words import same_form
from line_tui.models.files import bundled_models


class Unit(msgspec.Struct, frozen=True):
    """A planted unit as `answers.json` describes it."""

    unit: int
    kind: str
    outputs: list[int]
    senses: list[list[str]]
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
        """For each sense of a unit, whether one of the labels says it."""
        parts = [unit.outputs] if len(unit.senses) == 1 else [[output] for output in unit.outputs]
        return [
            any(self._says(label, answers, outputs) for label in labels)
            for answers, outputs in zip(unit.senses, parts, strict=True)
        ]

    def right(self, unit: Unit, label: str) -> bool:
        """The label equals an accepted answer, or its embedding's nearest unit name is the unit's."""
        return any(self.senses_found(unit, [label]))

    def _says(self, label: str, answers: Sequence[str], outputs: Sequence[int]) -> bool:
        if same_form(label) in {same_form(answer) for answer in answers}:
            return True
        vectors = self._embedder.embed([label.lower(), *self._names])
        return int(np.argmax(vectors[1:] @ vectors[0])) in outputs
