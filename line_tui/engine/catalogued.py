"""The catalogue's models, and the bundled bank for the bundled models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from line_tui import events as e
from line_tui.config import EngineDefaults, read_config
from line_tui.engine.bundled_bank import BundledBank
from line_tui.engine.model_source import ReadyBank
from line_tui.explain.loop import Models
from line_tui.explain.reference_layer import WithReferenceLayer
from line_tui.explain.word_similarity import Lexicon
from line_tui.layers import LayerInfo
from line_tui.models.catalog import read_catalog
from line_tui.models.layer_cache import LayerCache
from line_tui.models.lexicon import load_lexicon
from line_tui.models.loaded import LoadedModels

if TYPE_CHECKING:
    from line_tui.models.blackbox import BlackBox
    from line_tui.models.vision import TorchVision
    from line_tui.models.vision_loader import VisionFactory

NARROW = 32
"""Layers with fewer neurons are too narrow for concept detectors."""


class CataloguedModels:
    """Loads models of the catalogue. torch is imported on first use, so that the engine responds at once."""

    def __init__(self, vision: VisionFactory | None = None, settings: EngineDefaults | None = None) -> None:
        """`vision` makes the vision models in place of the catalogue's; `settings` replace the user's."""
        self._bank = BundledBank()
        self._settings = settings
        self._vision = vision

    def prepare(self) -> None:
        """Import the libraries that a run needs."""
        import line_tui.models.loader  # noqa: F401

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """Layers of a vision model. Raises UnknownNameError, ModelFileError."""
        from line_tui.models.vision_loader import layers_of

        listed = layers_of(model)
        LayerCache().keep(model, listed)
        return listed

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """Load a run's models. Raises UnknownNameError, ModelFileError, UsageError."""
        on_progress("libraries")
        from line_tui.models.loader import load

        settings = self._settings or read_config().engine
        return load(spec.profile, spec.model, fixed, settings=settings, vision=self._vision, on_progress=on_progress)

    def vision(self, model: str, batch_size: int) -> TorchVision | BlackBox:
        """Load a vision model alone, on the settings' device. Raises UnknownNameError, ModelFileError, UsageError."""
        import torch

        from line_tui.models.hardware import default_device, default_threads
        from line_tui.models.vision_loader import load_vision

        settings = self._settings or read_config().engine
        torch.set_num_threads(settings.threads or default_threads())
        make = self._vision or load_vision
        return make(model, read_catalog(), batch_size, settings.device or default_device())

    def step_down(self, spec: e.RunSpec, settings: e.Settings) -> e.Settings | None:
        """Settings that need less memory, given the memory free now."""
        from line_tui.models.loader import step_down

        return step_down(spec.profile, spec.model, settings)

    def widened(self, models: Models, spec: e.RunSpec, layer: LayerInfo) -> Models:
        """Add a wide layer to one of fewer than `NARROW` neurons: the model's last wide one or the reference encoder's.

        Raises ModelFileError.
        """
        if layer.neurons >= NARROW:
            return models
        wide = [other.name for other in self.layers(spec.model) if other.neurons >= NARROW]
        if wide:
            return replace(models, vision=WithReferenceLayer(models.vision, models.vision, wide[-1]))
        from line_tui.models.vision_loader import load_vision

        catalog = read_catalog()
        model, _, name = catalog.find_profile(spec.profile).reference.partition(" ")
        encoder = load_vision(model, catalog, models.generator.batch_size, "cpu")
        return replace(models, vision=WithReferenceLayer(models.vision, encoder, name))

    def lexicon(self) -> Lexicon:
        """The bundled lexicon. Raises ModelFileError."""
        return load_lexicon()

    def vocabulary(self) -> Sequence[str]:
        """The words of the bundled bank. Raises ModelFileError."""
        return self._bank.card.concepts

    def ready_bank(self, models: Models, layer: str) -> ReadyBank | None:
        """The bundled bank if it was made with these models. Raises ModelFileError."""
        return self._bank.find(models.generator, models.vision, layer)
