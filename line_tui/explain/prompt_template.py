"""Fills the prompt template of a text-to-image model."""

from __future__ import annotations

import re

from line_tui.explain.seeds import derive

_FIELD = re.compile(r"\{([^{}]*)\}")


def fill_template(template: str, concept: str, seed: int) -> str:
    """The prompt of one picture: `{concept}` becomes the concept, `{a|b|c}` one of its parts, chosen by the seed.

    "a photo of a {concept}, {close-up|seen from above}" varies the view between pictures; two concepts at the same
    seed get the same view.
    """
    places = iter(range(len(template)))

    def choose(field: re.Match[str]) -> str:
        if field[1] == "concept":
            return concept
        choices = field[1].split("|")
        return choices[derive("template", seed, next(places)) % len(choices)]

    return _FIELD.sub(choose, template)
