"""The models in memory, shared by all active runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from line_tui.engine.cached_vision import CachedVision
from line_tui.engine.dynamic_batching import DynamicBatcher, OnPreview
from line_tui.engine.run_control import RunControl
from line_tui.errors import MemoryLimitError
from line_tui.explain.loop import Models
from line_tui.explain.ports import Bank, Completion, OnStep, OnToken, Picture, Prompt, Vision
from line_tui.layers import LayerInfo
from line_tui.models.loaded import LoadedModels
from line_tui.store.activations import Activations

MeasureControl = Callable[[Sequence[str] | None], Bank]
"""Measures the control set of these words, or of those available."""
Growth = Callable[[Callable[[], None]], None]
"""Draws more of the control set's vocabulary for later runs. Raises Cancelled if its argument does."""


class SharedModels:
    """Each model serves one call at a time. Language model and generator work in parallel if both fit on the device."""

    def __init__(self, loaded: LoadedModels) -> None:
        self.loaded = loaded
        self.retired = False
        """Whether new runs may no longer use these models, which are freed after their last use."""
        self.shortage: MemoryLimitError | None = None
        """The memory shortage after which no run can use them."""
        self.growth: Growth | None = None
        """How to grow the bank of the last run that finished. It lives here because it needs these models."""
        self.generator_lock, self.vision_lock = threading.Lock(), threading.Lock()
        # Models that swap on the device share a lock.
        self.language_lock = self.generator_lock if loaded.memory == "swap" else threading.Lock()
        # One thread per model, since torch keeps a thread pool for every thread that calls it.
        self._generator_thread, self._vision_thread = (
            ThreadPoolExecutor(1, "generator"),
            ThreadPoolExecutor(1, "vision"),
        )
        self.batcher = DynamicBatcher(
            loaded.models.generator, self.generator_lock, lambda work: self._generator_thread.submit(work).result()
        )
        self._measuring = threading.Lock()
        self._visions: dict[str, Vision] = {}
        self._widening = threading.Lock()

    def models_for(
        self,
        vision: Vision,
        layer: LayerInfo,
        run_control: RunControl,
        activations: Activations,
        on_preview: OnPreview | None = None,
    ) -> Models:
        """The models for one run; `on_preview` gets unfinished pictures, if the generator supports previews."""
        return Models(
            language=SharedLanguage(self, run_control),
            generator=SharedGenerator(self, run_control, on_preview),
            vision=CachedVision(
                vision, layer, activations, self.vision_lock, lambda work: self._vision_thread.submit(work).result()
            ),
        )

    def close(self) -> None:
        """End the threads and free the models, which must not be in use."""
        self._generator_thread.shutdown()
        self._vision_thread.shutdown()
        self.loaded.close()

    def vision_for(self, layer: LayerInfo, widened: Callable[[Models], Models]) -> Vision:
        """The vision model for a layer, with the wider layer that a narrow one needs, which is loaded once."""
        with self._widening:
            if layer.name not in self._visions:
                self._visions[layer.name] = widened(self.loaded.models).vision
            return self._visions[layer.name]

    def one_at_a_time(self, measure: MeasureControl, run_control: RunControl) -> MeasureControl:
        """A measurement of the control set that only one run makes at a time, so that later runs find its pictures."""

        def measured(words: Sequence[str] | None) -> Bank:
            with self.batcher.inactive():
                while not self._measuring.acquire(timeout=0.2):
                    run_control.check()
            try:
                return measure(words)
            finally:
                self._measuring.release()

        return measured

    def check(self) -> None:
        """Raise MemoryLimitError if memory ran out for another run that shares these models."""
        if self.shortage is not None:
            raise MemoryLimitError(self.shortage.cause, self.shortage.fix)


class SharedLanguage:
    """The language model, one call at a time."""

    def __init__(self, shared: SharedModels, run_control: RunControl) -> None:
        self._shared, self._run_control = shared, run_control
        self._language = shared.loaded.models.language
        self.name, self.style = self._language.name, self._language.style

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        """Reply as the model does, once it is idle. Raises Cancelled."""
        self._shared.check()
        while not self._shared.language_lock.acquire(timeout=0.2):
            self._run_control.check()
        try:
            return self._language.complete(prompt, seed, temperature, on_token)
        finally:
            self._shared.language_lock.release()


class SharedGenerator:
    """The generator, in batches shared with other runs."""

    def __init__(self, shared: SharedModels, run_control: RunControl, on_preview: OnPreview | None) -> None:
        self._shared, self._run_control, self._on_preview = shared, run_control, on_preview
        generator = shared.loaded.models.generator
        self.name, self.prompt_template = generator.name, generator.prompt_template
        self.steps, self.guidance = generator.steps, generator.guidance
        self.size, self.batch_size = generator.size, generator.batch_size

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        """Draw as the generator does."""
        self._shared.check()
        return self._shared.batcher.draw(prompts, seeds, on_step, self._on_preview, self._run_control.check)


class SharedRunControl:
    """A run control for concurrent runs: while its run waits, no batch waits for it."""

    def __init__(self, run_control: RunControl, batcher: DynamicBatcher) -> None:
        self._run_control, self._batcher = run_control, batcher

    def wait_while_paused(self) -> None:
        """Block until the next step may begin. Raises Cancelled if the run was stopped."""
        with self._batcher.inactive():
            self._run_control.wait_while_paused()

    def wait_for_decision(self) -> None:
        """Block until the user makes a decision. Raises Cancelled if the run was stopped."""
        with self._batcher.inactive():
            self._run_control.wait_for_decision()

    def check(self) -> None:
        """Raise Cancelled if the run was stopped."""
        self._run_control.check()
