"""The request from the command line to the process that owns the model."""

from __future__ import annotations

from typing import Literal

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to maximise, and how."""

    model: str
    layer: str
    neuron: int
    steps: int
    seed: int
    picture: str
    """Where the PNG goes."""
    data: str | None
    output: Literal["text", "json"]
