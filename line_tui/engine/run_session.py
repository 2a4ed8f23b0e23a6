"""Works on one run, from its start or from its interruption, to its result."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from line_tui import events as e
from line_tui.engine.control_set import ControlSet
from line_tui.engine.dynamic_batching import OnPreview
from line_tui.engine.folder_control_set import FolderControl, check_folder
from line_tui.engine.journal import StoreJournal
from line_tui.engine.model_manager import ModelManager
from line_tui.engine.run_control import RunControl
from line_tui.engine.run_store import RunStore
from line_tui.engine.shared_models import SharedModels, SharedRunControl
from line_tui.errors import LineError, MemoryLimitError, UnknownNameError, UsageError
from line_tui.explain import strategies
from line_tui.explain.loop import Loop, Models
from line_tui.explain.ports import Cancelled
from line_tui.explain.state import fold
from line_tui.explain.strategies import Words
from line_tui.layers import LayerInfo, find_neuron
from line_tui.models.loaded import LoadedModels
from line_tui.store.images import Recipe, StoredAlbum


class Session:
    """Works on one run while it holds the run's lease."""

    def __init__(
        self,
        store: RunStore,
        run_id: str,
        manager: ModelManager,
        run_control: RunControl,
        show: Callable[[e.Envelope], None],
    ) -> None:
        self._store = store
        self._spec = store.spec(run_id)
        self._run_id = run_id
        self._manager = manager
        self._source = manager.source
        self._run_control = run_control
        self._journal = StoreJournal(store, run_id, show)
        self._state = fold(self._journal.reload())

    def run(self, begun: Callable[[], None] = lambda: None) -> None:
        """Run to the result; a stop or an error becomes an event. `begun` is called once the models are loaded.

        Raises LineError if no run exists yet that could record the error, or if the store fails.
        """
        if self._state.outcome is not None:
            raise UsageError(
                f"run '{self._run_id}' is finished", f"`line-tui runs show {self._run_id}` prints its result"
            )
        try:
            while (shortage := self._attempt(begun)) is not None:
                self._reduce_memory(shortage)
        except Cancelled:
            self._record(e.Stopped())
        except LineError as error:
            if self._state.run is None:
                raise
            self._record(e.Failed(cause=error.cause, fix=error.fix, exit_code=error.exit_code))
        except Exception as error:
            self._manager.retire()
            described = describe_error(error)
            if self._state.run is None:
                raise described from error
            self._record(e.Failed(cause=described.cause, fix=described.fix))

    def decide(self, event: e.Decision) -> None:
        """Store a decision; not called on the thread of `run`. Raises StoreError."""
        self._journal.decide(event)
        self._run_control.wake()

    def _attempt(self, begun: Callable[[], None]) -> MemoryLimitError | None:
        """Run to the result; return the error if memory ran out."""
        layer = check(self._spec, self._layers())
        start = time.perf_counter()
        self._loading("")

        def use(shared: SharedModels) -> MemoryLimitError | None:
            begun()
            self._run_control.check()
            self._begin(shared.loaded, layer, time.perf_counter() - start)
            try:
                self._loop(shared, layer)
            except MemoryLimitError as error:
                # Not the original error: its traceback would keep the models in memory.
                shortage = MemoryLimitError(error.cause, error.fix)
                self._manager.retire(shortage)
                return shortage
            return None

        return self._manager.lend(self._spec, self._state.settings, self._loading, use)

    def _layers(self) -> Sequence[LayerInfo]:
        try:
            return self._manager.layers(self._spec.model)
        except UnknownNameError as error:
            if not self._spec.in_memory:
                raise
            raise UsageError(
                f"the model of run '{self._run_id}' is in the memory of a Python program",
                "call line_tui.explain there again, which resumes it",
            ) from error

    def _reduce_memory(self, shortage: MemoryLimitError) -> None:
        """Continue from the stored events with settings that need less memory."""
        self._state = fold(self._journal.reload())
        assert self._state.settings is not None
        settings = self._manager.step_down(self._spec, self._state.settings, self._run_control.check)
        if settings is None:
            raise shortage
        self._record(e.SettingsChanged(settings=settings, reason=shortage.cause))

    def _loading(self, what: str) -> None:
        self._run_control.check()
        self._journal.show(e.PhaseChanged(phase="loading", detail=what))

    def _begin(self, loaded: LoadedModels, layer: LayerInfo, seconds: float) -> None:
        first: list[e.DurableEvent] = [e.ModelsLoaded(seconds=seconds, notes=list(loaded.notes))]
        settings = loaded.settings(layer.pooling)
        if self._state.settings is None:
            name = dict(enumerate(layer.names)).get(self._spec.neuron, "")
            first.insert(0, e.RunStarted(run_id=self._run_id, spec=self._spec, settings=settings, name=name))
        else:
            _check_same(self._run_id, self._state.settings, settings)
        self._record(*first)

    def _loop(self, shared: SharedModels, layer: LayerInfo) -> None:
        vision = shared.vision_for(layer, lambda models: self._source.widened(models, self._spec, layer))

        def models_with(on_preview: OnPreview | None) -> Models:
            return shared.models_for(vision, layer, self._run_control, self._store.activations, on_preview)

        models = models_with(lambda pictures: self._journal.show(e.Preview(pictures=pictures)))
        album = StoredAlbum(self._store.images, Recipe.of(models.generator))
        usual = ControlSet(
            source=self._source,
            models=models,
            layer=layer,
            neuron=self._spec.neuron,
            album=album,
            activations=self._store.activations,
            show=self._journal.show,
            check=self._run_control.check,
        )
        words = Words(shared.loaded.embedder, self._source.lexicon)
        strategy = strategies.find(self._spec.strategy).make(words)
        folder = self._spec.control
        control_set = usual if folder is None else FolderControl(Path(folder), self._spec.images, usual)
        control = shared.one_at_a_time(control_set.measure, self._run_control)
        run_control = SharedRunControl(self._run_control, shared.batcher)
        loop = Loop(models, self._spec.layer, strategy, self._journal, album, control, run_control)
        with shared.batcher.active():
            self._state = loop.run(self._state)
        silent = replace(usual, models=models_with(None), show=lambda event: None)
        shared.growth = lambda check: replace(silent, check=check).grow()

    def _record(self, *events: e.DurableEvent) -> None:
        # Without its first event there is no run yet, and it can be started again.
        if self._state.run is None and not isinstance(events[0], e.RunStarted):
            return
        self._state = fold(self._journal.append(*events), self._state)


def describe_error(error: Exception) -> LineError:
    """Describe an error in one line; the traceback of an unexpected one goes to stderr, the engine's log."""
    if isinstance(error, LineError):
        return error
    traceback.print_exception(error)
    return LineError(f"{type(error).__name__}: {error}".splitlines()[0], "the engine's log has the details; try again")


def check(spec: e.RunSpec, layers: Sequence[LayerInfo]) -> LayerInfo:
    """Return a run's layer. Raises UnknownNameError for unknown names, UsageError for an impossible request."""
    strategies.check_metric(spec.strategy, spec.metric)
    check_folder(spec)
    return find_neuron(layers, spec.target, in_memory=spec.in_memory)


def _check_same(run_id: str, before: e.Settings, now: e.Settings) -> None:
    """Raises UsageError if a run would resume with models different from those it started with."""
    for field in before.__struct_fields__:
        was, will = getattr(before, field), getattr(now, field)
        if field != "bit_identical" and was != will:
            raise UsageError(
                f"run '{run_id}' was started with {field} {was!r}, which is now {will!r}",
                "restore those models and settings, or start a new run",
            )
