"""The models in memory, shared by the runs that are worked on at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from line_tui.engine.easel import Easel, OnPreview
from line_tui.engine.gate import Gate
from line_tui.engine.looking import LookOnce
from line_tui.engine.models import LoadedModels
from line_tui.errors import MemoryLimitError
from line_tui.explain.loop import Models
from line_tui.explain.ports import Bank, Completion, Picture, Prompt, Vision
from line_tui.layers import LayerInfo
from line_tui.store.activations import Activations

MeasureControl = Callable[[Sequence[str] | None], Bank]
"""Measures a control set: of these words, or of those that there are."""


class Studio:
    """Each model does one thing at a time; the language model speaks while pictures are drawn, where both have room."""

    def __init__(self, loaded: LoadedModels) -> None:
        self.loaded = loaded
        self.retired = False
        """Whether these models are to go once nobody uses them, and nobody else is to begin."""
        self.lack: MemoryLimitError | None = None
        """Why nobody can use them any more."""
        self.drawing, self.looking = threading.Lock(), threading.Lock()
        # Models that take turns on the device take turns here too.
        self.speaking = self.drawing if loaded.memory == "swap" else threading.Lock()
        # A thread for each model: torch keeps a pool of its own for every thread that computes with it.
        self._drawer, self._looker = ThreadPoolExecutor(1, "drawing"), ThreadPoolExecutor(1, "looking")
        self.easel = Easel(loaded.models.generator, self.drawing, lambda work: self._drawer.submit(work).result())
        self._measuring = threading.Lock()
        self._visions: dict[str, Vision] = {}
        self._widening = threading.Lock()

    def models_for(self, vision: Vision, layer: LayerInfo, gate: Gate, activations: Activations) -> Models:
        """The models as one run sees them."""
        return Models(
            language=SharedLanguage(self, gate),
            generator=SharedGenerator(self, gate),
            vision=LookOnce(vision, layer, activations, self.looking, lambda work: self._looker.submit(work).result()),
        )

    def close(self) -> None:
        """End the threads and free the models. Nobody uses them any more."""
        self._drawer.shutdown()
        self._looker.shutdown()
        self.loaded.close()

    def vision_for(self, layer: LayerInfo, widened: Callable[[Models], Models]) -> Vision:
        """The vision model for a layer, with what is to be looked at beside it; that is loaded once."""
        with self._widening:
            if layer.name not in self._visions:
                self._visions[layer.name] = widened(self.loaded.models).vision
            return self._visions[layer.name]

    def alone(self, measure: MeasureControl, gate: Gate) -> MeasureControl:
        """A measurement of a control set that others wait for: its pictures are then there for all of them."""

        def measured(words: Sequence[str] | None) -> Bank:
            with self.easel.away():
                while not self._measuring.acquire(timeout=0.2):
                    gate.check()
            try:
                return measure(words)
            finally:
                self._measuring.release()

        return measured

    def check(self) -> None:
        """Raise MemoryLimitError when memory ran out for another run that shares these models."""
        if self.lack is not None:
            raise MemoryLimitError(self.lack.cause, self.lack.fix)


class SharedLanguage:
    """The language model, one call at a time."""

    def __init__(self, studio: Studio, gate: Gate) -> None:
        self._studio, self._gate = studio, gate
        self._language = studio.loaded.models.language
        self.name, self.style = self._language.name, self._language.style

    def complete(
        self, prompt: Prompt, seed: int, temperature: float, on_token: Callable[[str, bool], None]
    ) -> Completion:
        """As the model itself, once it is free. Raises Cancelled."""
        self._studio.check()
        while not self._studio.speaking.acquire(timeout=0.2):
            self._gate.check()
        try:
            return self._language.complete(prompt, seed, temperature, on_token)
        finally:
            self._studio.speaking.release()


class SharedGenerator:
    """The generator, in batches shared with other runs."""

    def __init__(self, studio: Studio, gate: Gate) -> None:
        self._studio, self._gate = studio, gate
        generator = studio.loaded.models.generator
        self.name, self.prompt_template = generator.name, generator.prompt_template
        self.steps, self.guidance = generator.steps, generator.guidance
        self.size, self.batch_size = generator.size, generator.batch_size
        self.on_preview: OnPreview | None = None

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: Callable[[int, int], None]) -> list[Picture]:
        """As the generator itself."""
        self._studio.check()
        return self._studio.easel.draw(prompts, seeds, on_step, self.on_preview, self._gate.check)


class AttendedGate:
    """A gate behind which a run is not waited for by others."""

    def __init__(self, gate: Gate, easel: Easel) -> None:
        self._gate, self._easel = gate, easel

    def hold(self) -> None:
        """Return when the next step may begin. Raises Cancelled when the run is to stop."""
        with self._easel.away():
            self._gate.hold()

    def wait(self) -> None:
        """Return when the person said something. Raises Cancelled when the run is to stop."""
        with self._easel.away():
            self._gate.wait()

    def check(self) -> None:
        """Raise Cancelled when the run is to stop."""
        self._gate.check()
