"""Compare explaining a layer at once with one neuron at a time, and measure the engine's overhead.

One at a time, each neuron has its own engine and store, as in a call of `line-tui explain`: the models must be loaded,
and nothing has been drawn. At once, all neurons share one engine and store. Compare only ratios: those of processor
time do not depend on what else the machine does, and those of seconds also show how well the cores are used.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec

from line_tui import events as e
from line_tui.child_main import ArgumentParser, exit_code, positive
from line_tui.engine.catalogued import CataloguedModels
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.engine.neuron_queue import Queue
from line_tui.explain.seeds import derive
from line_tui.layers import LayerInfo, find_layer
from line_tui.models.loaded import LoadedModels
from line_tui.offline import stay_offline
from line_tui.store import Store

PREFIX = "line-tui-bench-"
MakeSpec = Callable[[int], e.RunSpec]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds and ratios."""

    neurons: int
    apart: int
    """Number of neurons explained one by one, from which the time of all is estimated."""
    alone_seconds: float
    """Seconds for one neuron with its own engine and store."""
    together_seconds: float
    """Seconds for all neurons in one engine."""
    ratio: float
    """Time together, divided by time one by one."""
    first_seconds: float
    """Seconds for the first neuron with its own engine and store."""
    marginal_seconds: float
    """Seconds for a neuron of the second half, all in one engine."""
    marginal_ratio: float
    cpu_ratio: float
    """As `ratio`, of processor time."""
    cpu_marginal_ratio: float
    overhead: float
    """Processor time of loop, method and store, relative to the models', for neurons one by one, without loading."""
    drawn_alone: float
    """Pictures drawn for a neuron."""
    drawn_together: float
    """The same, without those that another neuron had drawn."""
    same: bool
    """Whether labels, scores and pictures of the neurons explained both ways agree."""


@dataclass(frozen=True)
class End:
    """A neuron that was explained, and the time since the start."""

    neuron: int
    run_id: str
    seconds: float
    cpu: float
    """Processor time of this process."""


class Stopwatch:
    """Sums this process's processor time during calls; with one neuron at a time, nothing else runs meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the stopwatch within the block."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds += time.process_time() - start

    def around(self, model: Any, method: str) -> Any:
        """The same model with one method timed."""
        call = getattr(model, method)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.running():
                return call(*arguments, **named)

        setattr(model, method, timed)
        return model


class TimedModels(CataloguedModels):
    """The catalogue's models, timed."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = Stopwatch()
        self.loading = Stopwatch()

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """As the catalogue's."""
        with self.loading.running():
            return super().layers(model)

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """As the catalogue's."""
        with self.loading.running():
            loaded = super().load(spec, fixed, on_progress)
        models = loaded.models
        self.watch.around(models.language, "complete")
        self.watch.around(models.generator, "draw")
        self.watch.around(models.vision, "record")
        return loaded


def measure(make_spec: MakeSpec, neurons: Sequence[int], apart: int, report: Callable[[str], None]) -> Found:
    """Explain neurons both ways."""
    alone: list[float] = []
    alone_cpu: list[float] = []
    drawn_alone: list[int] = []
    inside, outside = 0.0, 0.0
    results: dict[int, object] = {}
    for neuron in neurons[:apart]:
        source = TimedModels()
        with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, closing(Store.open(Path(folder))) as store:
            (end,) = _explain(store, source, make_spec, [neuron])
            alone.append(end.seconds)
            alone_cpu.append(end.cpu)
            drawn_alone.append(fresh_images(store, end.run_id))
            results[neuron] = _result(store, end.run_id)
        inside += source.watch.seconds
        outside += end.cpu - source.loading.seconds - source.watch.seconds
        report(f"neuron {neuron} alone: {end.seconds:.1f} s, {end.cpu:.1f} s of processor time")
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, closing(Store.open(Path(folder))) as store:
        ends = _explain(store, CataloguedModels(), make_spec, neurons)
        last = ends[-1]
        report(f"{len(neurons)} together: {last.seconds:.1f} s, {last.cpu:.1f} s of processor time")
        same = all(results[end.neuron] == _result(store, end.run_id) for end in ends if end.neuron in results)
        drawn_together = fmean(fresh_images(store, end.run_id) for end in ends)
    half = len(ends) // 2
    middle = ends[half - 1] if half else End(0, "", 0.0, 0.0)
    marginal = (last.seconds - middle.seconds) / (len(ends) - half)
    marginal_cpu = (last.cpu - middle.cpu) / (len(ends) - half)
    return Found(
        neurons=len(neurons),
        apart=len(alone),
        alone_seconds=fmean(alone),
        together_seconds=last.seconds,
        ratio=last.seconds / (fmean(alone) * len(neurons)),
        first_seconds=alone[0],
        marginal_seconds=marginal,
        marginal_ratio=marginal / alone[0],
        cpu_ratio=last.cpu / (fmean(alone_cpu) * len(neurons)),
        cpu_marginal_ratio=marginal_cpu / alone_cpu[0],
        overhead=outside / inside,
        drawn_alone=fmean(drawn_alone),
        drawn_together=drawn_together,
        same=same,
    )


def fresh_images(store: Store, run_id: str) -> int:
    """Images drawn for this run and not for an earlier one."""
    return sum(isinstance(event, e.ImageScored) and not event.cached for event in e.durable(store.events(run_id)))


def _explain(store: Store, source: CataloguedModels, make_spec: MakeSpec, neurons: Sequence[int]) -> list[End]:
    """Explain neurons; results are in the order in which the runs end. Raises LineError."""
    start, used = time.perf_counter(), time.process_time()
    ends: list[End] = []

    async def work() -> None:
        async with Executor(LocalEngine(store, source)) as executor:

            def on_end(neuron: int, how: str) -> None:
                run_id = queue.batch.runs.get(neuron, "")
                ends.append(End(neuron, run_id, time.perf_counter() - start, time.process_time() - used))

            queue = Queue(executor, store, make_spec, on_end)
            batch = await queue.explain(neurons)
            for error in batch.failures.values():
                raise error

    asyncio.run(work())
    return ends


def _result(store: Store, run_id: str) -> object:
    """Label, scores and pictures of a run."""
    content: list[object] = []
    for event in e.durable(store.events(run_id)):
        if isinstance(event, e.ImageScored):
            content.append((event.trial, event.image.identity, event.activation))
        elif isinstance(event, e.TrialScored | e.Verified | e.Finished):
            content.append(event)
    return content


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(
        prog="line-tui bench layer", description=__doc__, epilog="Example: line-tui bench layer --neurons 16 --apart 2"
    )
    parser.add_argument("--model", default="emoji-resnet18", help="default: emoji-resnet18")
    parser.add_argument("--layer", default="avgpool", help="default: avgpool")
    parser.add_argument(
        "--neurons", type=positive, default=64, help="number of neurons, a fixed random sample (default: 64)"
    )
    parser.add_argument(
        "--apart", type=positive, default=4, help="how many of them are also explained one at a time (default: 4)"
    )
    parser.add_argument("--profile", default="demo", help="default: demo")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    stay_offline()
    layer = find_layer(CataloguedModels().layers(options.model), options.model, options.layer)
    neurons = sorted(range(layer.neurons), key=lambda neuron: derive("bench layer", neuron))[: options.neurons]

    def make_spec(neuron: int) -> e.RunSpec:
        return e.RunSpec(model=options.model, layer=options.layer, neuron=neuron, profile=options.profile)

    measured = measure(make_spec, neurons, max(1, options.apart), lambda text: print(text, file=sys.stderr, flush=True))
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(measured) + b"\n")
        return
    for name, value in msgspec.to_builtins(measured).items():
        print(f"{name:>18} {value:10.3f}" if isinstance(value, float) else f"{name:>18} {value!s:>10}")


if __name__ == "__main__":
    sys.exit(exit_code(main))
