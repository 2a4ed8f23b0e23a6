"""What the engine asks of the models, and how long it keeps them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from line_tui import events as e
from line_tui.explain.loop import Models
from line_tui.explain.meaning import Lexicon
from line_tui.explain.ports import Embedder, Floats
from line_tui.layers import LayerInfo


@dataclass(frozen=True)
class ReadyBank:
    """A control set that is measured already."""

    id: str
    concepts: list[str]
    activations: Floats
    """`float32[concepts, images, neurons]`."""


class LoadedModels(Protocol):
    """The models of a profile in memory, and what their outputs depend on."""

    @property
    def models(self) -> Models:
        """The three models."""
        ...

    @property
    def embedder(self) -> Embedder:
        """Words as vectors."""
        ...

    @property
    def threads(self) -> int:
        """Threads that each computes with."""
        ...

    @property
    def device(self) -> str:
        """Where they compute."""
        ...

    @property
    def memory(self) -> e.Memory:
        """Which of them stay there."""
        ...

    @property
    def gpu_layers(self) -> int:
        """Of the language model, -1 for all."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What is to be known of how they were loaded, a line each."""
        ...

    def close(self) -> None:
        """Give back their memory; they are not used again."""
        ...


class ModelSource(Protocol):
    """Where models come from: the catalogue, or a test's fakes."""

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """Layers of a vision model. Raises UnknownNameError, ModelFileError."""
        ...

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """Bring a run's models into memory, with the settings of its earlier session, if any.

        `on_progress` hears what is loaded next and may raise Cancelled. Raises UnknownNameError, ModelFileError,
        MemoryLimitError.
        """
        ...

    def step_down(self, spec: e.RunSpec, settings: e.Settings) -> e.Settings | None:
        """Settings that need less memory than these, with which a run goes on; None when nothing is left to try."""
        ...

    def lexicon(self) -> Lexicon:
        """Words that may be proposed without a language model. Raises ModelFileError."""
        ...

    def vocabulary(self) -> Sequence[str]:
        """The words of a control set that has to be drawn."""
        ...

    def ready_bank(self, models: Models, layer: str) -> ReadyBank | None:
        """The control set that was shipped for these models and this layer, if there is one."""
        ...


class Keeper:
    """Keeps the last models in memory, for the next run that wants the same."""

    def __init__(self, source: ModelSource) -> None:
        self._source = source
        self._key: tuple[object, ...] = ()
        self._usual = False
        self._loaded: LoadedModels | None = None

    def get(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """The models of a run, loaded if need be."""
        if self._loaded is None or not self._fits(spec, fixed):
            # Before the new ones are loaded: both together may not fit in memory.
            self.close()
            self._loaded = self._source.load(spec, fixed, on_progress)
            self._key = (spec.profile, spec.model, *_placement(self._loaded))
            self._usual = fixed is None or fixed.bit_identical
        return self._loaded

    def close(self) -> None:
        """Take the models out of memory: for others, or after an error that may have left them in disorder."""
        if self._loaded is not None:
            loaded, self._loaded = self._loaded, None
            loaded.close()
            del loaded
            # What is left of them may be in cycles.
            gc.collect()

    def _fits(self, spec: e.RunSpec, fixed: e.Settings | None) -> bool:
        """Whether the models at hand are those of a run: by what was loaded, not by what was asked for."""
        if fixed is None:
            return self._usual and self._key[:2] == (spec.profile, spec.model)
        settled = (fixed.batch_size, fixed.threads, fixed.device, fixed.memory, fixed.gpu_layers)
        return self._key == (spec.profile, spec.model, *settled)


def _placement(loaded: LoadedModels) -> tuple[object, ...]:
    """What the models' outputs depend on besides themselves."""
    batch_size = loaded.models.generator.batch_size
    return (batch_size, loaded.threads, loaded.device, loaded.memory, loaded.gpu_layers)
