"""The control set of a run: one picture for each word of the vocabulary, drawn once and kept for every neuron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from line_tui import events as e
from line_tui.engine.models import ModelSource
from line_tui.explain.company import bank_of
from line_tui.explain.loop import Models
from line_tui.explain.ports import Bank, Picture
from line_tui.explain.seeds import image_seed
from line_tui.explain.templates import fill_template
from line_tui.layers import LayerInfo
from line_tui.store.activations import Activations, View
from line_tui.store.images import StoredAlbum


@dataclass(frozen=True)
class ControlSet:
    """Takes the shipped bank where it fits, else measures its vocabulary with whatever of it is cached."""

    source: ModelSource
    models: Models
    layer: LayerInfo
    neuron: int
    album: StoredAlbum
    activations: Activations
    show: Callable[[e.EphemeralEvent], None]
    check: Callable[[], None]

    def measure(self) -> Bank:
        """The neuron's activations on the control set. Raises Cancelled."""
        ready = self.source.ready_bank(self.models, self.layer.name)
        if ready is not None:
            return bank_of(ready.id, ready.concepts, ready.activations, self.neuron)
        return self._draw(list(self.source.vocabulary()))

    def _draw(self, vocabulary: list[str]) -> Bank:
        # No run's search ever draws with these seeds: a run's stream is a number or begins with one.
        seeds = [image_seed("control", word, 0) for word in vocabulary]
        template = self.models.generator.prompt_template
        prompts = [fill_template(template, word, seed) for word, seed in zip(vocabulary, seeds, strict=True)]
        identities = [self.album.identity(prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]
        view = View(self.models.vision.name, self.layer.name, self.layer.pooling)
        known = self.activations.get(view, identities)
        missing = [n for n, identity in enumerate(identities) if identity not in known]
        size, drawn = self.models.generator.batch_size, 0
        for start in range(0, len(missing), size):
            self.check()
            done = len(identities) - len(missing) + start
            self.show(e.Progress(phase="control", done=done, total=len(identities)))
            batch = missing[start : start + size]
            pictures, fresh = self._pictures([(prompts[n], seeds[n], identities[n]) for n in batch])
            drawn += fresh
            seen = self.models.vision.look(pictures, self.layer.name)
            vectors = {identities[n]: row for n, row in zip(batch, seen.activations, strict=True)}
            self.activations.put(view, vectors)
            known |= vectors
        self.show(e.Progress(phase="control", done=len(identities), total=len(identities)))
        rows: NDArray[np.float32] = np.stack([known[identity] for identity in identities])
        return replace(bank_of(_name(identities), vocabulary, rows[:, None, :], self.neuron), drawn=drawn)

    def _pictures(self, wanted: list[tuple[str, int, str]]) -> tuple[list[Picture], int]:
        pictures: dict[str, Picture] = {}
        for _, _, identity in wanted:
            if (found := self.album.find(identity)) is not None:
                pictures[identity] = found[0]
        missing = [want for want in wanted if want[2] not in pictures]
        if missing:
            drawn = self.models.generator.draw(
                [prompt for prompt, _, _ in missing], [seed for _, seed, _ in missing], lambda step, steps: self.check()
            )
            for (prompt, seed, identity), picture in zip(missing, drawn, strict=True):
                self.album.keep(identity, prompt, seed, picture)
                pictures[identity] = picture
        return [pictures[identity] for _, _, identity in wanted], len(missing)


def _name(identities: Sequence[str]) -> str:
    """A name that changes with any picture of the set."""
    return "drawn-" + blake2b(" ".join(identities).encode(), digest_size=6).hexdigest()
