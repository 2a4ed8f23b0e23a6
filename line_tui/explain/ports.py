"""The loop's interfaces: three models, an embedder, an album and a journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from line_tui.events import DurableEvent, EphemeralEvent, ImageRecord

Picture = NDArray[np.uint8]
"""`uint8[height, width, 3]`, RGB."""

Floats = NDArray[np.float32]


OnToken = Callable[[str, bool], None]
"""Called with each piece of a reply, and whether it is part of the model's reasoning. May raise `Cancelled`."""

OnStep = Callable[[int, int], None]
"""Called with the step, from 1, and the number of steps. May raise `Cancelled`."""


class Cancelled(Exception):
    """Raised in a model's callback to stop it at once; its unfinished output is discarded."""


@dataclass(frozen=True)
class Prompt:
    """A request to a language model in both forms; each adapter takes the one that suits its model.

    `head` is the static part of the few-shot form: the same in every call of a run, so that its KV cache can be
    reused. `tail` is the part that changes. `system` and `user` are the chat form.
    """

    head: str
    tail: str
    system: str
    user: str
    grammar: str
    """A GBNF grammar for the reply."""


@dataclass(frozen=True)
class Completion:
    """A language model's reply and what it cost."""

    text: str
    prompt_tokens: int
    evaluated_tokens: int
    completion_tokens: int


class Language(Protocol):
    """A language model that continues a prompt."""

    name: str
    style: Literal["few-shot", "chat"]

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        """Reply to a prompt, piece by piece."""


class Generator(Protocol):
    """A text-to-image model."""

    name: str
    """Name and revision: everything an image depends on besides prompt, seed and the settings below."""
    prompt_template: str
    """The prompt of a concept, with "{concept}" in its place."""
    steps: int
    guidance: float
    size: int
    batch_size: int

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        """Draw one picture for each prompt and seed, at most `batch_size`; a partial batch is padded."""


@dataclass(frozen=True)
class Recording:
    """A layer's activations on a number of pictures."""

    activations: Floats
    """`float32[images, neurons]`, pooled."""
    maps: Floats | None
    """`float32[images, height, width]` of the requested neuron, if the layer has a spatial extent."""


class Vision(Protocol):
    """A vision model: pictures in, activations out."""

    name: str

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Record a layer's activations on any number of pictures."""


class Gallery(Protocol):
    """Activations of whole layers on a run's pictures; events keep only those of one neuron."""

    def bank(self, words: Sequence[str]) -> Bank:
        """The control set of these words, on the pictures that the run started with."""

    def features(self, images: Sequence[ImageRecord]) -> Floats:
        """The input of the concept detectors for drawn pictures, `float32[images, features]`."""


class Embedder(Protocol):
    """Text to unit vectors."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """`float32[texts, dimensions]`, each row of length 1."""


@dataclass(frozen=True)
class Bank:
    """The control set: a frozen seed vocabulary and one neuron's activations on its pictures."""

    id: str
    concepts: list[str]
    activations: Floats
    """`float32[concepts, images]`."""
    features: Floats
    """The input of the concept detectors for the same pictures, `float32[concepts, images, features]`."""
    features_of: str = ""
    """The layer of these features."""
    column: int | None = None
    """The neuron's index among the features; None if they come from another layer."""
    drawn: int = 0
    """Images that had to be drawn for it."""
    missing: int = 0
    """Words of the vocabulary that are missing because their pictures have not been drawn yet."""
    layer_scale: float = 0.0
    """Largest absolute activation of any neuron of the layer on these pictures; 0 if unknown."""
    reference_activations: Floats | None = None
    """`float32[images]`: the neuron's activations on the user's own pictures, which replace the vocabulary's as
    control set."""
    reference_features: Floats | None = None
    """Features of the user's pictures, `float32[images, features]`."""
    skipped: Sequence[str] = ()
    """The user's files that could not be read as pictures, each with the reason."""


class Album(Protocol):
    """Stores images by identity."""

    def identity(self, prompt: str, seed: int) -> str:
        """Hash of everything an image depends on: generator, prompt, steps, guidance, size, batch and seed."""

    def find(self, identity: str) -> tuple[Picture, str] | None:
        """The picture and its path if it was drawn before."""

    def keep(self, identity: str, prompt: str, seed: int, picture: Picture) -> ImageRecord:
        """Write a picture to disk, synced and renamed into place, and return its record."""


class Journal(Protocol):
    """Stores and shows a run's events."""

    def append(self, *events: DurableEvent) -> list[DurableEvent]:
        """Store events, all or none, show them, and return all events stored since the last call or `new_decisions`.

        All or none, since a run interrupted between two of them could not tell what is left to do. The user's
        decisions during a step come before the step's own events, as in the store, so that a replay gives the
        same state. Raises StoreError when the disk is full.
        """

    def show(self, event: EphemeralEvent) -> None:
        """Show an event without storing it."""

    def new_decisions(self) -> list[DurableEvent]:
        """The user's decisions since the last call or `append`; they are already stored."""
