"""The engine's source of models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from line_tui import events as e
from line_tui.explain.loop import Models
from line_tui.explain.ports import Floats, Vision
from line_tui.explain.word_similarity import Lexicon
from line_tui.layers import LayerInfo

if TYPE_CHECKING:
    from line_tui.models.loaded import LoadedModels


@dataclass(frozen=True)
class ReadyBank:
    """A control set that is already measured."""

    id: str
    concepts: list[str]
    activations: Floats
    """`float32[concepts, images, neurons]`."""


class ModelSource(Protocol):
    """A source of models: the catalogue, the caller, or the fakes of a test."""

    def prepare(self) -> None:
        """Import the libraries that a run needs."""

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """Layers of a vision model. Raises UnknownNameError, ModelFileError."""

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """Load a run's models, with the settings of its earlier session, if any.

        `on_progress` gets the name of the next model to load and may raise Cancelled. Raises UnknownNameError,
        ModelFileError, MemoryLimitError.
        """

    def vision(self, model: str, batch_size: int) -> Vision:
        """Load a vision model alone, on the settings' device. Raises UnknownNameError, ModelFileError, UsageError."""

    def step_down(self, spec: e.RunSpec, settings: e.Settings) -> e.Settings | None:
        """Settings that need less memory, for a run to continue with; None if there are no others to try."""

    def widened(self, models: Models, spec: e.RunSpec, layer: LayerInfo) -> Models:
        """The models, with a wide layer added to a narrow one if concept detectors need it."""

    def lexicon(self) -> Lexicon:
        """Everyday words that may be proposed without a language model. Raises ModelFileError."""

    def vocabulary(self) -> Sequence[str]:
        """The words of a control set that must be drawn."""

    def ready_bank(self, models: Models, layer: str) -> ReadyBank | None:
        """The bundled control set for these models and this layer, if any."""
