"""What the loop needs from outside: three models, an embedder, an album and a journal."""

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


class Cancelled(Exception):
    """Raised inside a model's callback to leave it at once; what it was making is thrown away."""


@dataclass(frozen=True)
class Prompt:
    """A request to a language model in both forms; the adaptor takes the one that its model can use.

    `head` is the static part of the few-shot form: the same text in every call of a run, so its evaluation
    may be reused. `tail` is what changes. `system` and `user` are the chat form.
    """

    head: str
    tail: str
    system: str
    user: str
    grammar: str
    """GBNF for the reply."""


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

    def complete(
        self, prompt: Prompt, seed: int, temperature: float, on_token: Callable[[str, bool], None]
    ) -> Completion:
        """Reply to a prompt; `on_token(text, thinking)` sees each piece and may raise `Cancelled`."""
        ...


class Generator(Protocol):
    """A text-to-image model."""

    name: str
    """Name and revision: all that an image depends on besides prompt, seed and the settings below."""
    prompt_template: str
    """How a concept becomes a prompt: "{concept}" with whatever stands around it."""
    steps: int
    guidance: float
    size: int
    batch_size: int

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: Callable[[int, int], None]) -> list[Picture]:
        """Draw one picture for each prompt and seed; at most `batch_size` of them, a partial batch is padded.

        `on_step(step, steps)` is called after each step and may raise `Cancelled`.
        """
        ...


@dataclass(frozen=True)
class Recording:
    """A layer's activations on some pictures."""

    activations: Floats
    """`float32[images, neurons]`, pooled."""
    maps: Floats | None
    """`float32[images, height, width]` of the one neuron asked for, where the layer has a spatial extent."""


class Vision(Protocol):
    """A vision model: pictures in, activations out."""

    name: str

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Activations of a layer for any number of pictures."""
        ...


class Gallery(Protocol):
    """What the vision model made of a run's pictures: whole layers, where an event has one neuron's activation."""

    def bank(self, words: Sequence[str]) -> Bank:
        """The control set of these words, with the pictures that the run began with."""
        ...

    def features(self, images: Sequence[ImageRecord]) -> Floats:
        """What concept detectors read of drawn pictures, `float32[images, features]`."""
        ...


class Embedder(Protocol):
    """Text to unit vectors."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """`float32[texts, dimensions]`, each row of length 1."""
        ...


@dataclass(frozen=True)
class Bank:
    """The control set: a frozen seed vocabulary and one neuron's activations on its pictures."""

    id: str
    concepts: list[str]
    activations: Floats
    """`float32[concepts, images]`."""
    features: Floats
    """What concept detectors read of the same pictures, `float32[concepts, images, features]`."""
    features_of: str = ""
    """Which layer they are of."""
    column: int | None = None
    """The neuron's place among them; None where they are of another layer."""
    drawn: int = 0
    """Images that had to be drawn to have it."""
    missing: int = 0
    """Words of the vocabulary that are not in it, because their pictures are not drawn yet."""
    layer_scale: float = 0.0
    """Largest absolute activation of the layer's neurons on these pictures; 0 where it is not known."""
    reference_activations: Floats | None = None
    """`float32[images]`: the neuron's activations on pictures of the user's own, used as control set instead of the
    vocabulary's."""
    reference_features: Floats | None = None
    """Features of these, `float32[images, features]`."""
    skipped: Sequence[str] = ()
    """Files of the user's that are no pictures, each with the reason."""


class Album(Protocol):
    """Where images are kept, by identity."""

    def identity(self, prompt: str, seed: int) -> str:
        """Hash of all that an image depends on: generator, prompt, steps, guidance, size, batch and seed."""
        ...

    def find(self, identity: str) -> tuple[Picture, str] | None:
        """The picture and its path, if it was drawn before."""
        ...

    def keep(self, identity: str, prompt: str, seed: int, picture: Picture) -> ImageRecord:
        """Put a picture on disk, synced and renamed into place, and record it."""
        ...


class Journal(Protocol):
    """Where events go."""

    def append(self, *events: DurableEvent) -> list[DurableEvent]:
        """Store events together or not at all, show them, and return what is stored since the last call or `unseen`.

        Together, since a run that is cut off between two of them could not tell what is still to be done. What the
        person said during a step comes before the step's own events, as it does in the store: a state that is folded
        live is the one that a replay folds. Raises StoreError when the disk is full.
        """
        ...

    def show(self, event: EphemeralEvent) -> None:
        """Show an event without storing it."""
        ...

    def unseen(self) -> list[DurableEvent]:
        """What the person said since the last call or `append`; it is stored."""
        ...
