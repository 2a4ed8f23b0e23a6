"""Types of JSON output that only the command line uses."""

from __future__ import annotations

from typing import Literal

import msgspec


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer whose neurons can be explained: `line-tui layers`."""

    name: str
    kind: str
    """Class of the module."""
    shape: list[int]
    """Shape of the output for one image: [channels, height, width], [tokens, features] or [features]."""
    neurons: int
    """Number of neurons."""
    pooling: str
    """How the output becomes one activation per neuron."""


class ListedNeuron(msgspec.Struct, frozen=True, kw_only=True):
    """A neuron of a layer: `line-tui neurons`."""

    neuron: int
    name: str | None
    """Its name in the model."""
    best_in_bank: str | None
    """The word of the bank whose pictures drive it most: a starting point, not a label."""
    bank_mad: float | None
    """MAD of that word."""
    flat: Literal["dead", "constant"] | None
    """Why there is no such word: the neuron is always 0 (`dead`) or always the same (`constant`) on the bank."""
    label: str | None
    """The label of its latest finished run."""
    score: float | None
    """The score of that label."""
    run_id: str | None
    """The id of that run."""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased: `line-tui runs purge`."""

    runs: list[str]
    """Ids of the erased runs."""
    images: int
    """Number of erased images."""
    freed: int
    """Bytes."""


class ModelPath(msgspec.Struct, frozen=True, kw_only=True):
    """The path of a model: `line-tui models path`."""

    id: str
    path: str


class RemovedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model whose files were removed: `line-tui models remove`."""

    id: str
    files: int
    """Number of removed files."""
    freed: int
    """Bytes."""
