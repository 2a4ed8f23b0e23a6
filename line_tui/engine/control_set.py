"""The control set of a run: one picture for each word of the vocabulary, drawn once for all neurons.

With a new generator, the first run uses part of the vocabulary, and the rest is drawn while the engine is idle. Once it
is complete, runs use all of it. Each run records which set it used, so growth changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from line_tui import events as e
from line_tui.engine.model_source import ModelSource
from line_tui.explain.layer_activations import bank_of_neuron
from line_tui.explain.loop import Models
from line_tui.explain.ports import Bank, Floats, Picture
from line_tui.explain.prompt_template import fill_template
from line_tui.explain.reference_layer import read_layers
from line_tui.explain.seeds import image_seed
from line_tui.layers import LayerInfo
from line_tui.store.activations import Activations, View
from line_tui.store.images import StoredAlbum

_WAIT = 0.2
"""Seconds between checks whether others have drawn the rest."""
START = 200
"""Number of words in a new generator's first control set."""


@dataclass(frozen=True)
class ControlSet:
    """Uses the bundled bank if it fits, else measures the vocabulary, using cached pictures and activations."""

    source: ModelSource
    models: Models
    layer: LayerInfo
    neuron: int
    album: StoredAlbum
    activations: Activations
    show: Callable[[e.EphemeralEvent], None]
    check: Callable[[], None]

    def measure(self, words: Sequence[str] | None = None) -> Bank:
        """The control set of the words that a run started with, or of those available. Raises Cancelled."""
        ready = self.source.ready_bank(self.models, self.layer.name)
        if ready is not None:
            return self.bank(ready.id, ready.concepts, ready.activations)
        if words is not None:
            return self._draw(list(words), self._recipes(list(words)))
        vocabulary = list(self.source.vocabulary())
        recipes = self._recipes(vocabulary)
        if all(self.album.has(identity) for _, _, identity in recipes):
            return self._draw(vocabulary, recipes)
        chosen = sorted(int(n) for n in np.random.default_rng(0).permutation(len(vocabulary))[:START])
        bank = self._draw([vocabulary[n] for n in chosen], [recipes[n] for n in chosen])
        return replace(bank, missing=len(vocabulary) - len(chosen))

    @property
    def view(self) -> View:
        """How the activations are computed."""
        return View(self.models.vision.name, self.layer.name, self.layer.pooling)

    def bank(self, id: str, concepts: list[str], activations: Floats) -> Bank:
        """The neuron's control set, given `float32[concepts, images, neurons]` of the layer. Raises ModelFileError."""
        return bank_of_neuron(id, concepts, activations, self.neuron, read_layers(self.models.vision, self.layer.name))

    def grow(self) -> None:
        """Draw the missing words of the vocabulary. Raises Cancelled; pictures drawn before that are kept."""
        if self.source.ready_bank(self.models, self.layer.name) is None:
            vocabulary = list(self.source.vocabulary())
            self._draw(vocabulary, self._recipes(vocabulary))

    def _recipes(self, words: list[str]) -> list[tuple[str, int, str]]:
        """Prompt, seed and identity of each word's picture."""
        # No run draws with these seeds: run seeds are derived from a number.
        seeds = [image_seed("control", word, 0) for word in words]
        template = self.models.generator.prompt_template
        prompts = [fill_template(template, word, seed) for word, seed in zip(words, seeds, strict=True)]
        return [(prompt, seed, self.album.identity(prompt, seed)) for prompt, seed in zip(prompts, seeds, strict=True)]

    def _draw(self, vocabulary: list[str], recipes: list[tuple[str, int, str]]) -> Bank:
        identities = [identity for _, _, identity in recipes]
        known = self.activations.get(self.view, identities)
        by_identity = {recipe[2]: recipe for recipe in recipes}
        size, drawn = self.models.generator.batch_size, 0
        while missing := [identity for identity in by_identity if identity not in known]:
            self.check()
            self.show(e.Progress(phase="control", done=len(by_identity) - len(missing), total=len(by_identity)))
            batch, others = self.activations.claim(self.view, missing, size)
            known |= others
            if not batch:
                if not others:
                    time.sleep(_WAIT)
                continue
            pictures, fresh = self._pictures([by_identity[identity] for identity in batch])
            drawn += fresh
            recording = self.models.vision.record(pictures, self.layer.name)
            vectors = dict(zip(batch, recording.activations, strict=True))
            self.activations.put(self.view, vectors)
            known |= vectors
        self.show(e.Progress(phase="control", done=len(identities), total=len(identities)))
        rows: NDArray[np.float32] = np.stack([known[identity] for identity in identities])
        # The name changes with any picture of the set.
        name = "drawn-" + blake2b(" ".join(identities).encode(), digest_size=6).hexdigest()
        return replace(self.bank(name, vocabulary, rows[:, None, :]), drawn=drawn)

    def _pictures(self, recipes: list[tuple[str, int, str]]) -> tuple[list[Picture], int]:
        pictures: dict[str, Picture] = {}
        for _, _, identity in recipes:
            if (stored := self.album.find(identity)) is not None:
                pictures[identity] = stored[0]
        missing = [recipe for recipe in recipes if recipe[2] not in pictures]
        if missing:
            drawn = self.models.generator.draw(
                [prompt for prompt, _, _ in missing], [seed for _, seed, _ in missing], lambda step, steps: self.check()
            )
            for (prompt, seed, identity), picture in zip(missing, drawn, strict=True):
                self.album.keep(identity, prompt, seed, picture)
                pictures[identity] = picture
        return [pictures[identity] for _, _, identity in recipes], len(missing)
