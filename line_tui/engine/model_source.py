"""Where the engine gets its models from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from line_tui import events as e
from line_tui.explain.loop import Models
from line_tui.explain.ports import Embedder, Floats, Vision
from line_tui.explain.word_similarity import Lexicon
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
        """Free what Python does not free by itself; they are not used again."""
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

    def vision(self, model: str, batch_size: int) -> Vision:
        """A vision model alone, where the settings want it. Raises UnknownNameError, ModelFileError, UsageError."""
        ...

    def step_down(self, spec: e.RunSpec, settings: e.Settings) -> e.Settings | None:
        """Settings that need less memory than these, with which a run goes on; None when nothing is left to try."""
        ...

    def widened(self, models: Models, spec: e.RunSpec, layer: LayerInfo) -> Models:
        """The models with a vision model that sees enough of a narrow layer's pictures for concept detectors."""
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
