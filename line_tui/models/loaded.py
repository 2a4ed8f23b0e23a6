"""The models of a run in memory."""

from __future__ import annotations

from dataclasses import dataclass

from line_tui.events import Memory, Settings
from line_tui.explain.loop import Models
from line_tui.explain.ports import Embedder
from line_tui.models.offloading import Closable


@dataclass(frozen=True)
class LoadedModels:
    """The loaded models of a run, and the settings that their outputs depend on."""

    models: Models
    embedder: Embedder
    threads: int = 1
    device: str = "cpu"
    memory: Memory = "resident"
    gpu_layers: int = 0
    """GPU layers of the language model, -1 for all."""
    notes: tuple[str, ...] = ()
    """Notes on how they were loaded, one line each."""

    def settings(self, pooling: str = "") -> Settings:
        """The settings that a run's outputs depend on besides its seed."""
        generator = self.models.generator
        return Settings(
            batch_size=generator.batch_size,
            threads=self.threads,
            device=self.device,
            pooling=pooling,
            generator=generator.name,
            language=self.models.language.name,
            vision=self.models.vision.name,
            prompt_template=generator.prompt_template,
            steps=generator.steps,
            guidance=generator.guidance,
            image_size=generator.size,
            memory=self.memory,
            gpu_layers=self.gpu_layers,
        )

    def close(self) -> None:
        """Free what garbage collection does not; the models must not be used afterwards."""
        if isinstance(self.models.language, Closable):
            self.models.language.close()
