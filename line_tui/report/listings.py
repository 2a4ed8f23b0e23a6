"""What the commands that list things print as JSON, where no other part of the program has a type for it."""

from __future__ import annotations

from typing import Literal

import msgspec


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer whose neurons can be explained: `line-tui layers`."""

    name: str
    kind: str
    """Class of the module."""
    shape: list[int]
    """Of the output for one image, without the batch: [channels, height, width], [tokens, features], [features]."""
    neurons: int
    pooling: str


class ListedNeuron(msgspec.Struct, frozen=True, kw_only=True):
    """A neuron and what is known of it: `line-tui neurons`."""

    neuron: int
    name: str | None
    """The model's own name for it."""
    best_in_bank: str | None
    """The word of the bank whose pictures drive it most: a starting point, not a label."""
    bank_mad: float | None
    """MAD of that word."""
    flat: Literal["dead", "constant"] | None
    """Why the bank says nothing: the neuron is 0, or the same, for all of its pictures."""
    label: str | None
    """Of its latest finished run, like the two that follow."""
    score: float | None
    run_id: str | None


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased for good: `line-tui runs purge`."""

    runs: list[str]
    images: int
    freed: int
    """Bytes."""


class ModelPath(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model is: `line-tui models path`."""

    id: str
    path: str


class RemovedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed: `line-tui models remove`."""

    id: str
    files: int
    freed: int
    """Bytes."""
