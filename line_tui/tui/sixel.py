"""Sixel pictures for xterm, in which a colour must be defined before any colour is used.

textual-image defines each colour at its first use and relies on the definition to select it. xterm keeps the colour
that was selected before, so the top of each picture and its edges had wrong colours.
"""

from __future__ import annotations

import re
from importlib import import_module

_DEFINITION = re.compile(r"(#\d+);2;\d+;\d+;\d+")
"""A definition of a colour register: red, green and blue in percent."""


def define_first(sixels: str) -> str:
    """Move all definitions to the front, and select the colour where each was."""
    start = sixels.find("#")
    if start < 0:
        return sixels
    body = sixels[start:]
    definitions = "".join(match.group() for match in _DEFINITION.finditer(body))
    return sixels[:start] + definitions + _DEFINITION.sub(r"\1", body)


def patch_textual_image() -> None:
    """Patch textual-image's widget to use `define_first`."""
    widget, encoder = import_module("textual_image.widget.sixel"), import_module("textual_image._sixel")
    widget.image_to_sixels = lambda *options, **more: define_first(encoder.image_to_sixels(*options, **more))  # type: ignore[attr-defined]
