"""Request and result of activation maximization, as they go to the engine and come from it."""

from __future__ import annotations

import msgspec

from line_tui.decodable import decodable


@decodable
class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to maximise, and how."""

    model: str
    layer: str
    neuron: int
    steps: int
    seed: int


class Maximised(msgspec.Struct, frozen=True, kw_only=True):
    """What the ascent reached."""

    vision: str
    """The vision model with its revision."""
    activation: float
    picture: bytes
    """A PNG file."""
