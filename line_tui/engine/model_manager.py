"""Keeps one set of models in memory while runs use it, and never two sets at once."""

from __future__ import annotations

import gc
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from line_tui import events as e
from line_tui.engine.model_source import ModelSource
from line_tui.engine.shared_models import Growth, SharedModels
from line_tui.errors import MemoryLimitError
from line_tui.explain.ports import Vision
from line_tui.layers import LayerInfo
from line_tui.models.catalog import read_catalog
from line_tui.models.source_digests import model_sources, with_sources

OnProgress = Callable[[str], None]
Found = TypeVar("Found")


class ModelManager:
    """Shares one set of models between any number of runs; a run that needs other models waits until these are free.

    Models are lent for a call, since a caller's variable could keep them in memory while others are loaded.
    """

    def __init__(self, source: ModelSource) -> None:
        self.source = source
        self._changed = threading.Condition()
        self._shared: SharedModels | None = None
        self._key: tuple[object, ...] = ()
        self._usual = False
        self._users = 0
        self._lowered: dict[e.Settings, e.Settings | None] = {}
        self._layers: dict[str, list[LayerInfo]] = {}

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """Layers of a vision model, cached. Raises UnknownNameError, ModelFileError."""
        # The model's files may have changed since.
        key = f"{model} {model_sources(model, read_catalog())}"
        if key not in self._layers:
            self._layers[key] = list(self.source.layers(model))
        return self._layers[key]

    def lend(
        self,
        spec: e.RunSpec,
        fixed: e.Settings | None,
        on_progress: OnProgress,
        use: Callable[[SharedModels], Found],
    ) -> Found:
        """Call `use` with a run's models, which are loaded if necessary. What it returns must not hold them.

        `on_progress` may raise Cancelled, also while waiting for other models to be free. Raises what loading and
        `use` raise.
        """
        with self._changed:
            while self._users and not self._fits(spec, fixed):
                self._changed.wait(0.2)
                on_progress("")
            if self._shared is None or not self._fits(spec, fixed):
                # Freed before the new ones are loaded: both together may not fit in memory.
                self._drop()
                with _no_variables_in_tracebacks():
                    self._load(spec, fixed, on_progress)
            shared = self._shared
            assert shared is not None
            self._users += 1
        try:
            with _no_variables_in_tracebacks():
                return use(shared)
        finally:
            del shared
            with self._changed:
                self._users -= 1
                if self._shared is not None and self._shared.retired and not self._users:
                    self._drop()
                self._changed.notify_all()

    def lend_vision_alone(
        self, model: str, batch_size: int, on_progress: OnProgress, use: Callable[[Vision], Found]
    ) -> Found:
        """Call `use` with a vision model while no other model is in memory. What it returns must not hold it.

        `on_progress` may raise Cancelled, also while waiting for other models to be free. Raises what loading and
        `use` raise.
        """
        with self._changed:
            while self._users:
                self._changed.wait(0.2)
                on_progress("")
            self._drop()
            self._users += 1
        try:
            on_progress(model)
            with _no_variables_in_tracebacks():
                return use(self.source.vision(model, batch_size))
        finally:
            # Reference cycles may still hold it.
            gc.collect()
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def take_growth(self) -> Growth | None:
        """The growth of the bank that the last run to finish left, if its models are still in memory; only once."""
        with self._changed:
            if self._shared is None or self._shared.retired:
                return None
            growth, self._shared.growth = self._shared.growth, None
            return growth

    def retire(self, shortage: MemoryLimitError | None = None) -> None:
        """Stop sharing these models: an error may have left them in a bad state, or memory ran out.

        In the latter case the other runs get the error at their next call.
        """
        with self._changed:
            if self._shared is not None:
                self._shared.retired = True
                self._shared.shortage = self._shared.shortage or shortage

    def step_down(self, spec: e.RunSpec, settings: e.Settings, check: Callable[[], None]) -> e.Settings | None:
        """Settings that need less memory, the same for all runs that shared the models and have released them.

        None if there are no others to try. Raises Cancelled when `check` does.
        """
        with self._changed:
            while self._users and settings not in self._lowered:
                self._changed.wait(0.2)
                check()
            if settings not in self._lowered:
                self._drop()
                self._lowered[settings] = self.source.step_down(spec, settings)
                self._changed.notify_all()
            return self._lowered[settings]

    def close(self) -> None:
        """Free the models, which must not be in use."""
        with self._changed:
            self._drop()

    def _load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: OnProgress) -> None:
        if fixed is None:
            # More memory may be free now.
            self._lowered.clear()
        loaded = self.source.load(spec, fixed, on_progress)
        self._shared = SharedModels(loaded)
        self._key = (*_names(spec), *_placement(loaded.settings()))
        # A shortage in one run would recur in the next.
        self._usual = fixed is None or fixed.bit_identical or fixed in self._lowered.values()

    def _drop(self) -> None:
        if self._shared is not None:
            self._shared.close()
            self._shared = None
            # Reference cycles may still hold them.
            gc.collect()

    def _fits(self, spec: e.RunSpec, fixed: e.Settings | None) -> bool:
        """Whether the loaded models are those of a run, judged by what was loaded, not by what was requested."""
        if self._shared is None or self._shared.retired:
            return False
        if fixed is None:
            return self._usual and self._key[:3] == _names(spec)
        return self._key == (*_names(spec), *_placement(fixed))


@contextmanager
def _no_variables_in_tracebacks() -> Iterator[None]:
    """Clear the variables that an error's tracebacks hold: they would keep models in memory until it is handled."""
    try:
        yield
    except BaseException as error:
        cleared: list[BaseException] = []
        cause: BaseException | None = error
        # An error can be its own cause.
        while cause is not None and cause not in cleared:
            traceback.clear_frames(cause.__traceback__)
            cleared.append(cause)
            cause = cause.__cause__ or cause.__context__
        raise


def _names(spec: e.RunSpec) -> tuple[str, str, str]:
    # The second digest is of the control folder, which is not part of the models.
    return spec.profile, spec.model, with_sources(msgspec.structs.replace(spec, control=None)).sources


def _placement(settings: e.Settings) -> tuple[object, ...]:
    """The placement settings that the models' outputs depend on."""
    return (settings.batch_size, settings.threads, settings.device, settings.memory, settings.gpu_layers)
