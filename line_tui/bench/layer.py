"""What a layer costs: neurons one by one, the same neurons together in one engine, and the engine beside bare models.

    python -m line_tui.bench.layer [--neurons 64] [--apart 4] [--layer avgpool] [--json]

One by one, each neuron has an engine and a store of its own, as a call of `line-tui explain` has: models are loaded,
nothing is drawn yet. Together, they have one. Both on the same machine in one run: the ratio is what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec

from line_tui import events as e
from line_tui.engine.batch import Queue
from line_tui.engine.catalogued import CataloguedModels
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.engine.models import LoadedModels
from line_tui.explain.seeds import derive
from line_tui.layers import find_layer
from line_tui.offline import stay_offline
from line_tui.store import Store

Asked = Callable[[int], e.RunSpec]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, and the ratios that they are measured for."""

    neurons: int
    apart: int
    """Neurons that were explained one by one; the time of all is estimated from these."""
    alone_seconds: float
    """Of one neuron with an engine and a store of its own."""
    together_seconds: float
    """Of all neurons in one engine."""
    ratio: float
    """Of together to one by one."""
    first_seconds: float
    """Of the first neuron in an engine and a store of its own."""
    marginal_seconds: float
    """Of a neuron of the second half, all in one engine."""
    marginal_ratio: float
    overhead: float
    """What the engine adds to the models' own time, for neurons one by one without loading."""
    same: bool
    """Whether labels, scores and pictures of the neurons explained both ways agree."""


class Stopwatch:
    """Adds up the time in calls of the models."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within the block it runs."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start

    def around(self, model: Any, method: str) -> Any:
        """The same model with one method timed."""
        call = getattr(model, method)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.running():
                return call(*arguments, **named)

        setattr(model, method, timed)
        return model


class TimedModels(CataloguedModels):
    """The models of the catalogue under a stopwatch."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = Stopwatch()

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """As the catalogue's."""
        loaded = super().load(spec, fixed, on_progress)
        models = loaded.models
        self.watch.around(models.language, "complete")
        self.watch.around(models.generator, "draw")
        self.watch.around(models.vision, "look")
        return loaded


def measure(asked: Asked, neurons: Sequence[int], apart: int, tell: Callable[[str], None]) -> Found:
    """Explain neurons both ways."""
    alone: list[float] = []
    inside, outside = 0.0, 0.0
    results: dict[int, object] = {}
    for neuron in neurons[:apart]:
        source = TimedModels()
        with _store() as store:
            seconds, ends = _explain(store, source, asked, [neuron])
            alone.append(seconds)
            results[neuron] = _result(store, ends[0][1])
            worked = store.run(ends[0][1]).seconds - _loading(store, ends[0][1])
        inside += source.watch.seconds
        outside += worked - source.watch.seconds
        tell(f"neuron {neuron} alone: {seconds:.1f} s")
    with _store() as store:
        together, ends = _explain(store, CataloguedModels(), asked, neurons)
        tell(f"{len(neurons)} together: {together:.1f} s")
        same = all(results[neuron] == _result(store, run_id) for neuron, run_id, _ in ends if neuron in results)
    half = len(ends) // 2
    marginal = (ends[-1][2] - ends[half - 1][2]) / (len(ends) - half) if half else together
    return Found(
        neurons=len(neurons),
        apart=len(alone),
        alone_seconds=fmean(alone),
        together_seconds=together,
        ratio=together / (fmean(alone) * len(neurons)),
        first_seconds=alone[0],
        marginal_seconds=marginal,
        marginal_ratio=marginal / alone[0],
        overhead=outside / inside,
        same=same,
    )


@contextmanager
def _store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="line-tui-bench-") as folder:
        store = Store.open(Path(folder))
        try:
            yield store
        finally:
            store.close()


def _explain(
    store: Store, source: CataloguedModels, asked: Asked, neurons: Sequence[int]
) -> tuple[float, list[tuple[int, str, float]]]:
    """Seconds of all, and neuron, run and time of each end, in the order of the ends. Raises LineError."""
    start = time.perf_counter()
    ends: list[tuple[int, str, float]] = []

    async def work() -> None:
        async with Executor(LocalEngine(store, source)) as executor:

            def on_end(neuron: int, how: str) -> None:
                ends.append((neuron, queue.batch.runs.get(neuron, ""), time.perf_counter() - start))

            queue = Queue(executor, store, asked, on_end)
            batch = await queue.explain(neurons)
            for error in batch.failures.values():
                raise error

    asyncio.run(work())
    return time.perf_counter() - start, ends


def _loading(store: Store, run_id: str) -> float:
    return sum(event.seconds for event in e.durable(store.events(run_id)) if isinstance(event, e.ModelsLoaded))


def _result(store: Store, run_id: str) -> object:
    """Label, scores and pictures of a run."""
    found: list[object] = []
    for event in e.durable(store.events(run_id)):
        if isinstance(event, e.ImageScored):
            found.append((event.trial, event.image.identity, event.activation))
        elif isinstance(event, e.TrialScored | e.Verified | e.Finished):
            found.append(event)
    return found


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="line-tui bench layer", description=__doc__, epilog="Example: line-tui bench layer --neurons 16 --apart 2"
    )
    parser.add_argument("--model", default="emoji-resnet18")
    parser.add_argument("--layer", default="avgpool")
    parser.add_argument("--neurons", type=int, default=64, help="how many, at random but always the same")
    parser.add_argument("--apart", type=int, default=4, help="of them, explained one by one as well")
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    stay_offline()
    layer = find_layer(CataloguedModels().layers(given.model), given.model, given.layer)
    neurons = sorted(range(layer.neurons), key=lambda neuron: derive("bench layer", neuron))[: given.neurons]

    def asked(neuron: int) -> e.RunSpec:
        return e.RunSpec(model=given.model, layer=given.layer, neuron=neuron, profile=given.profile)

    found = measure(asked, neurons, max(1, given.apart), lambda text: print(text, file=sys.stderr, flush=True))
    if given.json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        return
    for name, value in msgspec.to_builtins(found).items():
        print(f"{name:>18} {value:10.3f}" if isinstance(value, float) else f"{name:>18} {value!s:>10}")


if __name__ == "__main__":
    main()
