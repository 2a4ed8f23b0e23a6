"""How a concept becomes a prompt for the text-to-image model."""

from __future__ import annotations

import re

from line_tui.explain.seeds import derive

_FIELD = re.compile(r"\{([^{}]*)\}")


def fill_template(template: str, concept: str, seed: int) -> str:
    """The prompt of one picture: the concept for `{concept}`, and for `{a|b|c}` one of these, chosen by the seed.

    So "a photo of a {concept}, {close-up|seen from above}" varies the view from picture to picture, and a variant of
    the concept at the same seed has the same view.
    """
    places = iter(range(len(template)))

    def choose(field: re.Match[str]) -> str:
        if field[1] == "concept":
            return concept
        choices = field[1].split("|")
        return choices[derive("template", seed, next(places)) % len(choices)]

    return _FIELD.sub(choose, template)
