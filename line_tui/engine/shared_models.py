"""The models in memory, shared by all runs in progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from line_tui.engine.cached_vision import CachedVision
from line_tui.engine.dynamic_batching import DynamicBatcher, OnPreview
from line_tui.engine.model_source import LoadedModels
from line_tui.engine.run_control import RunControl
from line_tui.errors import MemoryLimitError
from line_tui.explain.loop import Models
from line_tui.explain.ports import Bank, Completion, Picture, Prompt, Vision
from line_tui.layers import LayerInfo
from line_tui.store.activations import Activations

MeasureControl = Callable[[Sequence[str] | None], Bank]
"""Measures a control set: of these words, or of those that there are."""


class SharedModels:
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
        self.batcher = DynamicBatcher(
            loaded.models.generator, self.drawing, lambda work: self._drawer.submit(work).result()
        )
        self._measuring = threading.Lock()
        self._visions: dict[str, Vision] = {}
        self._widening = threading.Lock()

    def models_for(self, vision: Vision, layer: LayerInfo, run_control: RunControl, activations: Activations) -> Models:
        """The models as one run sees them."""
        return Models(
            language=SharedLanguage(self, run_control),
            generator=SharedGenerator(self, run_control),
            vision=CachedVision(
                vision, layer, activations, self.looking, lambda work: self._looker.submit(work).result()
            ),
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

    def alone(self, measure: MeasureControl, run_control: RunControl) -> MeasureControl:
        """A measurement of a control set that others wait for: its pictures are then there for all of them."""

        def measured(words: Sequence[str] | None) -> Bank:
            with self.batcher.away():
                while not self._measuring.acquire(timeout=0.2):
                    run_control.check()
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

    def __init__(self, shared: SharedModels, run_control: RunControl) -> None:
        self._shared, self._run_control = shared, run_control
        self._language = shared.loaded.models.language
        self.name, self.style = self._language.name, self._language.style

    def complete(
        self, prompt: Prompt, seed: int, temperature: float, on_token: Callable[[str, bool], None]
    ) -> Completion:
        """As the model itself, once it is free. Raises Cancelled."""
        self._shared.check()
        while not self._shared.speaking.acquire(timeout=0.2):
            self._run_control.check()
        try:
            return self._language.complete(prompt, seed, temperature, on_token)
        finally:
            self._shared.speaking.release()


class SharedGenerator:
    """The generator, in batches shared with other runs."""

    def __init__(self, shared: SharedModels, run_control: RunControl) -> None:
        self._shared, self._run_control = shared, run_control
        generator = shared.loaded.models.generator
        self.name, self.prompt_template = generator.name, generator.prompt_template
        self.steps, self.guidance = generator.steps, generator.guidance
        self.size, self.batch_size = generator.size, generator.batch_size
        self.on_preview: OnPreview | None = None

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: Callable[[int, int], None]) -> list[Picture]:
        """As the generator itself."""
        self._shared.check()
        return self._shared.batcher.draw(prompts, seeds, on_step, self.on_preview, self._run_control.check)


class AttendedRunControl:
    """A run control for a run among others: while it is held, nobody waits for its pictures."""

    def __init__(self, run_control: RunControl, batcher: DynamicBatcher) -> None:
        self._run_control, self._batcher = run_control, batcher

    def hold(self) -> None:
        """Return when the next step may begin. Raises Cancelled when the run is to stop."""
        with self._batcher.away():
            self._run_control.hold()

    def wait(self) -> None:
        """Return when the person said something. Raises Cancelled when the run is to stop."""
        with self._batcher.away():
            self._run_control.wait()

    def check(self) -> None:
        """Raise Cancelled when the run is to stop."""
        self._run_control.check()
