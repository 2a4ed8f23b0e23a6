"""line-tui from Python: `line_tui.explain("resnet50", "layer4", 1273, profile="paper")`.

An engine in this process explains neurons, with the same loop and store as the app and the command line. It keeps its
models for the next call; `close()` frees them. Nothing is downloaded: use `line-tui models pull`.
"""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from operator import index
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from line_tui import events as e
from line_tui.config import data_folder
from line_tui.engine.executor import Engine, Executor
from line_tui.engine.neuron_queue import Queue
from line_tui.engine.run_specs import spec_of
from line_tui.errors import LineError, UsageError
from line_tui.events import Metric, RunSpec, durable
from line_tui.explain.state import fold
from line_tui.explanation import Explanation
from line_tui.models.source_digests import in_memory
from line_tui.neuron import Neuron
from line_tui.offline import stay_offline
from line_tui.report.html import About
from line_tui.store import Store

if TYPE_CHECKING:
    from torch import nn

    from line_tui.engine.in_memory_model import InMemoryModel, Prepare


@dataclass(frozen=True)
class Progress:
    """Progress of a call."""

    done: int
    """Finished neurons."""
    total: int
    """All neurons of the call."""
    doing: str
    """A short description of the current work."""


OnProgress = Callable[[Progress], None]
MAX_NEURONS = 100_000
"""Neurons of one call; each takes seconds at least."""


@overload
def explain(
    model: str | nn.Module | Callable[[Any], Any],
    layer: str | None,
    neuron: int,
    *,
    preprocess: Prepare | None = ...,
    name: str | None = ...,
    profile: str | None = ...,
    strategy: str | None = ...,
    metric: Metric | None = ...,
    seed: int = ...,
    iterations: int | None = ...,
    images: int | None = ...,
    control: str | Path | None = ...,
    data: str | Path | None = ...,
    ray: bool | str = ...,
    progress: bool | OnProgress = ...,
) -> Explanation: ...


@overload
def explain(
    model: str | nn.Module | Callable[[Any], Any],
    layer: str | None,
    neuron: Sequence[int],
    *,
    preprocess: Prepare | None = ...,
    name: str | None = ...,
    profile: str | None = ...,
    strategy: str | None = ...,
    metric: Metric | None = ...,
    seed: int = ...,
    iterations: int | None = ...,
    images: int | None = ...,
    control: str | Path | None = ...,
    data: str | Path | None = ...,
    ray: bool | str = ...,
    progress: bool | OnProgress = ...,
) -> list[Explanation]: ...


def explain(
    model: str | nn.Module | Callable[[Any], Any],
    layer: str | None,
    neuron: int | Sequence[int],
    *,
    preprocess: Prepare | None = None,
    name: str | None = None,
    profile: str | None = None,
    strategy: str | None = None,
    metric: Metric | None = None,
    seed: int = 0,
    iterations: int | None = None,
    images: int | None = None,
    control: str | Path | None = None,
    data: str | Path | None = None,
    ray: bool | str = False,
    progress: bool | OnProgress = True,
) -> Explanation | list[Explanation]:
    """Explain one neuron, or several, which share pictures and batches.

    Repeating a call resumes it or returns the stored result.

    `model` is a name from the catalogue, a torch module with `preprocess` (a tensor `uint8[3, height, width]` to
    `float32[3, height, width]`, as torchvision's `weights.transforms()`), or a function of pictures `uint8[pictures,
    height, width, 3]` that returns `float[pictures, neurons]`, whose `layer` is None. `name` is the name of such a
    model in the list of runs. A module with other weights is another model, and so is a function in another process.
    `control` is a folder of pictures that replaces the control set. Options left at None come from the settings. `ray`
    is True to use all GPUs or cores of this machine, or HOST:PORT of a Ray cluster; it takes models of the catalogue
    only. `progress` is True for a bar on stderr, False for none, or a function that takes a `Progress`.

    An interrupt stops the run cleanly. Raises LineError, with cause and fix: UsageError, UnknownNameError,
    ModelFileError, MemoryLimitError, StoreError; with several neurons, the first failure is raised once all others are
    done.
    """
    stay_offline()
    for option, value, kind, wanted in (
        ("control", control, str | PathLike | None, "the path of a folder"),
        ("data", data, str | PathLike | None, "the path of a folder"),
        ("ray", ray, bool | str, "True, False or HOST:PORT"),
        ("progress", progress, bool | Callable, "True, False or a function"),
    ):
        if not isinstance(value, kind) or value == "":
            raise UsageError(f"{option} cannot be {value!r}", f"give {wanted}")
    live = None
    if not isinstance(model, str):
        from line_tui.engine.in_memory_model import InMemoryModel

        live = InMemoryModel(model, preprocess, name)
    elif preprocess is not None or name is not None:
        raise UsageError("a model of the catalogue already has a name and preprocessing", "leave them out")
    if layer is None and (live is None or live.layer is None):
        raise UsageError("no layer was named", "`line_tui.layers` lists them")
    if live is not None and ray:
        raise UsageError(
            "a model in this process's memory cannot be used with Ray", "leave out ray, or put it in the catalogue"
        )
    model_name = model if isinstance(model, str) else live.name  # type: ignore[union-attr]
    within = layer if layer is not None else live.layer  # type: ignore[union-attr]
    options = {
        "profile": profile,
        "strategy": strategy,
        "metric": metric,
        "seed": seed,
        "iterations": iterations,
        "images": images,
        "control": None if control is None else str(Path(control).absolute()),
    }
    given = {key: value for key, value in options.items() if value is not None}

    def make_spec(number: int) -> RunSpec:
        spec = spec_of(Neuron(model_name, str(within), number), given)
        return spec if live is None else in_memory(spec, live.revision)

    numbers, several = _numbers(neuron)
    engine = _engine_for(live, Path(data) if data is not None else data_folder(), ray)
    results = engine.explain(make_spec, numbers, progress)
    return results if several else results[0]


def _numbers(neuron: int | Sequence[int]) -> tuple[list[int], bool]:
    """Neuron numbers from ints, numpy or torch, and whether several were given. Raises UsageError."""
    with suppress(TypeError):
        return [index(neuron)], False  # type: ignore[arg-type]
    with suppress(TypeError):
        numbers = [index(each) for each in islice(neuron, MAX_NEURONS + 1)]  # type: ignore[arg-type]
        if len(numbers) > MAX_NEURONS:
            raise UsageError(f"one call explains at most {MAX_NEURONS:,} neurons", "explain them in parts")
        return numbers, True
    raise UsageError(f"{neuron!r} is not the number of a neuron", "give a number, or several, such as range(64)")


def layers(
    model: str | nn.Module | Callable[[Any], Any], *, preprocess: Prepare | None = None, name: str | None = None
) -> list[Any]:
    """List the layers that can be explained: entries with name, kind, shape, neurons and pooling. Raises LineError."""
    stay_offline()
    if isinstance(model, str):
        from line_tui.engine.catalogued import CataloguedModels

        return list(CataloguedModels().layers(model))
    from line_tui.engine.in_memory_model import InMemoryModel

    return InMemoryModel(model, preprocess, name).layers()


def close() -> None:
    """Free the models' memory; a later call loads them again."""
    while _engines:
        _engines.popitem()[1].close()


class _Engine:
    """An engine with its event loop on a thread, for one data folder."""

    def __init__(self, make: Callable[[Store], Engine], folder: Path) -> None:
        """`make` creates the engine; its errors are raised here."""
        self._store = Store.open(folder)
        try:
            engine = make(self._store)
        except BaseException:
            self._store.close()
            raise
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line-tui", daemon=True)
        self._thread.start()
        self._executor = Executor(engine)

    def explain(
        self, make_spec: Callable[[int], RunSpec], numbers: Sequence[int], progress: bool | OnProgress
    ) -> list[Explanation]:
        """Explain neurons. Raises LineError, KeyboardInterrupt."""
        activities: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        batch = Queue(
            self._executor, self._store, make_spec, lambda neuron, how: activities.put(f"neuron {neuron} {how}")
        )
        batch.on_event = lambda envelope: activities.put(_description(envelope))
        work = asyncio.run_coroutine_threadsafe(batch.explain(numbers), self._loop)
        work.add_done_callback(lambda done: activities.put(None))
        done = 0
        with _shown(progress, len(numbers)) as show:
            try:
                while (doing := activities.get()) is not None:
                    done = len(batch.batch.runs) + len(batch.batch.failures)
                    if doing:
                        show(Progress(done, len(numbers), doing))
            except BaseException:
                # After an interrupt or an error in the caller's function, nothing may keep running in the background.
                self._loop.call_soon_threadsafe(batch.stop)
                work.result()
                raise
        results = work.result()
        for error in results.failures.values():
            raise error
        return [self._read(run_id) for run_id in results.finished(numbers)]

    def close(self) -> None:
        """End the engine."""
        self._await(self._executor.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._store.close()

    def _read(self, run_id: str) -> Explanation:
        run = self._store.run(run_id)
        about = About(created=run.created, seconds=run.seconds, title=run.title, note=run.note)
        return Explanation(fold(durable(self._store.events(run_id))), about)

    def _await(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


_engines: dict[Any, _Engine] = {}


def _engine_for(live: InMemoryModel | None, folder: Path, ray: bool | str) -> _Engine:
    """The current engine if it fits, otherwise a new one after closing it."""
    key = (live.key if live is not None else None, folder, ray)
    if key not in _engines:
        close()
        _engines[key] = _Engine(lambda store: _on_ray(store, ray) if ray else _here(store, live), folder)
        # Exit handlers run in reverse order: Ray's is registered first, so that the engine is closed before Ray.
        atexit.unregister(close)
        atexit.register(close)
    return _engines[key]


def _here(store: Store, live: InMemoryModel | None) -> Engine:
    """An engine of this process."""
    from line_tui.engine.catalogued import CataloguedModels
    from line_tui.engine.in_memory_model import InMemoryModels
    from line_tui.engine.local import LocalEngine

    return LocalEngine(store, CataloguedModels() if live is None else InMemoryModels(live))


def _on_ray(store: Store, ray: bool | str) -> Engine:
    """An engine on a cluster. Raises UsageError if Ray is not installed."""
    from line_tui.engine.cluster import RayEngine

    return RayEngine(store, ray if isinstance(ray, str) else None)


def _description(envelope: e.Envelope) -> str:
    """A short description of an event; empty if it is not worth showing."""
    event = envelope.event
    match event:
        case e.PhaseChanged(phase=phase, detail=detail):
            return f"{phase} {detail}".strip()
        case e.Progress(phase=phase, done=done, total=total):
            return f"{phase} {done}/{total}"
        case e.TrialScored(mean=mean, auc=auc, images=images):
            return f"scored {mean:.3f}, AUC {auc:.3f}, {images} images"
        case e.Finished(label=label):
            return f"found {label}" if label else "found no concept"
    return ""


@contextmanager
def _shown(progress: bool | OnProgress, total: int) -> Iterator[OnProgress]:
    """Within the block, show progress: by a bar, by the caller's function, or not at all."""
    if progress is not True:
        yield progress or (lambda at: None)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from line_tui.consoles import PlainConsole

    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    console = PlainConsole(stderr=True)
    # In a notebook without ipywidgets, rich shows a warning in place of each update.
    visible = console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)
    with Bar(*columns, console=console, transient=True, disable=not visible) as bar:
        task = bar.add_task("", total=total)
        yield lambda at: bar.update(task, completed=at.done, description=at.doing)


__all__ = ["Explanation", "LineError", "Progress", "close", "explain", "layers"]
