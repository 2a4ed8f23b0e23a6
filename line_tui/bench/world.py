"""The bundled models in one process, for benches: each image is drawn and recorded once and cached in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np

from line_tui import events as e
from line_tui.config import EngineDefaults
from line_tui.engine.catalogued import CataloguedModels
from line_tui.engine.model_source import ReadyBank
from line_tui.errors import ModelFileError
from line_tui.events import DurableEvent, EphemeralEvent, ImageRecord
from line_tui.explain.control_analysis import analyse
from line_tui.explain.layer_activations import bank_of_neuron
from line_tui.explain.loop import Loop
from line_tui.explain.ports import Bank, Floats, Generator, Picture, Recording, Vision
from line_tui.explain.state import RunState, fold
from line_tui.explain.steps import Strategy
from line_tui.models.loaded import LoadedModels
from line_tui.store.images import Recipe, StoredAlbum

PROFILE = "demo"


class MemoryAlbum:
    """Pictures by identity, in memory."""

    def __init__(self, generator: Generator) -> None:
        self._names = StoredAlbum(None, Recipe.of(generator))  # type: ignore[arg-type]
        self._pictures: dict[str, Picture] = {}

    def identity(self, prompt: str, seed: int) -> str:
        """The same identity as in the store."""
        return self._names.identity(prompt, seed)

    def find(self, identity: str) -> tuple[Picture, str] | None:
        """The picture, if it was drawn before."""
        picture = self._pictures.get(identity)
        return None if picture is None else (picture, identity)

    def get(self, identity: str) -> Picture:
        """A picture that was kept. Raises KeyError."""
        return self._pictures[identity]

    def keep(self, identity: str, prompt: str, seed: int, picture: Picture) -> ImageRecord:
        """Store a picture."""
        self._pictures[identity] = picture
        return ImageRecord(identity=identity, path=identity, prompt=prompt, seed=seed)


class CachedVision:
    """A vision model that caches activations. It returns no maps, since no bench reads them."""

    def __init__(self, vision: Vision) -> None:
        self.name = vision.name
        self._vision = vision
        self._seen: dict[tuple[bytes, str], Floats] = {}

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Activations `float32[images, neurons]`."""
        keys = [(blake2b(picture.tobytes(), digest_size=16).digest(), layer) for picture in pictures]
        missing = [n for n, key in enumerate(keys) if key not in self._seen]
        if missing:
            fresh = self._vision.record([pictures[n] for n in missing], layer).activations
            self._seen.update(zip((keys[n] for n in missing), fresh, strict=True))
        return Recording(np.stack([self._seen[key] for key in keys]), None)


class MemoryJournal:
    """A journal that stores nothing: benches have no viewer, and their runs are too short to be resumed."""

    def append(self, *events: DurableEvent) -> list[DurableEvent]:
        """Return the events without storing them; the state has them."""
        return list(events)

    def show(self, event: EphemeralEvent) -> None:
        """Show nothing."""

    def new_decisions(self) -> list[DurableEvent]:
        """No decisions."""
        return []


class FreeRunControl:
    """A run control that never pauses."""

    def wait_while_paused(self) -> None:
        """Continue."""

    def wait_for_decision(self) -> None:
        """Raises RuntimeError, since there is no user to decide."""
        raise RuntimeError("a bench has no user to wait for")

    def check(self) -> None:
        """Continue."""


@dataclass
class World:
    """The models of a bench with one vision model, and everything drawn and recorded so far."""

    loaded: LoadedModels
    bank: dict[str, ReadyBank]
    album: MemoryAlbum
    model: str

    def control(self, layer: str, neuron: int) -> Bank:
        """A neuron's control set."""
        ready = self.bank[layer]
        return bank_of_neuron(ready.id, ready.concepts, ready.activations, neuron, layer)

    def run(
        self, strategy: Strategy, layer: str, neuron: int, seed: int = 0, metric: e.Metric = "correlation"
    ) -> RunState:
        """Explain one neuron."""
        spec = e.RunSpec(model=self.model, layer=layer, neuron=neuron, seed=seed, metric=metric)
        loop = Loop(
            self.loaded.models,
            layer,
            strategy,
            MemoryJournal(),
            self.album,
            lambda words: self.control(layer, neuron),
            FreeRunControl(),
        )
        return loop.run(fold([e.RunStarted(run_id="bench", spec=spec, settings=self.loaded.settings())]))

    def correlation(self, state: RunState) -> float | None:
        """Two-sided score of a run's label on its report pictures; None without a label."""
        if state.verified is None or state.control is None:
            return None
        layer, trial = state.spec.layer, state.trials[state.verified.trial]
        neuron = analyse(state.control, self.control(layer, state.spec.neuron))
        pictures = [self.album.get(image.image.identity) for image in trial.images_for("report")]
        activations = self.loaded.models.vision.record(pictures, layer).activations
        return neuron.score(neuron.detection(trial.concept, activations, words=False), reporting=True)


def load_worlds(layers: Mapping[str, Sequence[str]], threads: int = 1) -> list[World]:
    """Load the bundled models and banks for some layers of each vision model; all share the drawn pictures.

    Raises ModelFileError if the bundled bank was not made with these models.
    """
    from line_tui.models.catalog import read_catalog
    from line_tui.models.loader import load
    from line_tui.models.vision_loader import load_vision

    source, worlds = CataloguedModels(), []
    loaded = load(PROFILE, next(iter(layers)), settings=EngineDefaults(threads=threads, device="cpu"))
    generator = loaded.models.generator
    album = MemoryAlbum(generator)
    for model, names in layers.items():
        vision = load_vision(model, read_catalog(), generator.batch_size, "cpu")
        models = replace(loaded.models, vision=CachedVision(vision))
        banks = {}
        for layer in names:
            ready = source.ready_bank(models, layer)
            if ready is None:
                raise ModelFileError(
                    f"the bundled bank was not made with {model}, layer {layer}", "make it again: models/README.md"
                )
            banks[layer] = ready
        worlds.append(World(replace(loaded, models=models), banks, album, model))
    return worlds
