"""Measure how throughput scales with the number of Ray actors on this machine.

The models are replaced by waits, so that 64 actors fit on any machine; the loop, Ray and the driver's store are real.
Each actor gets the same number of neurons, up to `--neurons` in total. The clock starts when all actors are ready.
Efficiency is the throughput of n actors, in neurons per second, divided by n times that of one actor.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from line_tui import events as e
from line_tui.child_main import ArgumentParser, exit_code, positive
from line_tui.config import EngineDefaults
from line_tui.engine.cluster import RayEngine, Share, connect, import_ray
from line_tui.engine.executor import Executor
from line_tui.engine.model_source import ReadyBank
from line_tui.engine.neuron_queue import Queue
from line_tui.explain.loop import Models
from line_tui.explain.ports import Completion, Floats, OnStep, OnToken, Picture, Prompt, Recording, Vision
from line_tui.explain.seeds import derive
from line_tui.explain.word_similarity import Lexicon
from line_tui.layers import LayerInfo
from line_tui.models.loaded import LoadedModels
from line_tui.store import Store

WAIT = "LINE_TUI_BENCH_WAIT"
"""The environment variable that tells the actors how long a call waits."""
WIDTH = 1_000
_WORDS = [f"thing {n}" for n in range(50)]
_SIDE = 16


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The measurement for one number of actors."""

    actors: int
    neurons: int
    seconds: float
    events: int
    """Durable events that the driver stored."""
    efficiency: float
    """Neurons per second, divided by the actors times those of one actor."""
    driver_milliseconds: float
    """Processor time of the driver for each event, in ms; 1000 divided by it is the limit of events per second."""
    load: float
    """Processes waiting for a core at the end, per core; above 1 the machine is the limit."""


class WaitingLanguage:
    """Replies with a word chosen by the seed, after a wait."""

    name = "waiting-language"
    style: Literal["few-shot", "chat"] = "few-shot"

    def __init__(self, wait: float) -> None:
        self._wait = wait

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        """Wait, then return one of many words."""
        time.sleep(self._wait)
        return Completion(f"thing {derive('word', seed) % 10_000}", 0, 0, 2)


class WaitingGenerator:
    """Draws noise by the seed, after a wait."""

    name, prompt_template = "waiting-generator", "{concept}"
    steps, guidance, size, batch_size = 1, 0.0, _SIDE, 10

    def __init__(self, wait: float) -> None:
        self._wait = wait

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        """A picture for each seed."""
        time.sleep(self._wait)
        return [np.random.default_rng(seed).integers(0, 255, (_SIDE, _SIDE, 3), np.uint8) for seed in seeds]


class Watching:
    """Its neurons are pixels of the picture."""

    name = "waiting-vision"

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Pixels as activations."""
        flat = np.stack([picture.reshape(-1) for picture in pictures]).astype(np.float32)
        return Recording((np.tile(flat, 2)[:, :WIDTH] / 255).astype(np.float32), None)


class Words:
    """Random vectors for words."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors."""
        rows = np.stack([np.random.default_rng(derive("word", text)).normal(size=16) for text in texts])
        unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit


class WaitingModels:
    """A source of models that wait."""

    def __init__(self, wait: float) -> None:
        self._wait = wait

    def prepare(self) -> None:
        """Do nothing: there is nothing to import."""

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """One wide layer."""
        return [LayerInfo(name="units", kind="Waiting", shape=[WIDTH], neurons=WIDTH, pooling="none")]

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        """The waiting models."""
        return LoadedModels(Models(WaitingLanguage(self._wait), WaitingGenerator(self._wait), Watching()), Words())

    def vision(self, model: str, batch_size: int) -> Vision:
        """The waiting vision model."""
        return Watching()

    def step_down(self, spec: e.RunSpec, settings: e.Settings) -> e.Settings | None:
        """None: there is nothing to step down to."""
        return None

    def widened(self, models: Models, spec: e.RunSpec, layer: LayerInfo) -> Models:
        """The same models: the layer is wide enough."""
        return models

    def lexicon(self) -> Lexicon:
        """An empty lexicon."""
        return Lexicon()

    def vocabulary(self) -> Sequence[str]:
        """The words of the bank."""
        return _WORDS

    def ready_bank(self, models: Models, layer: str) -> ReadyBank | None:
        """A random bank."""
        values = np.random.default_rng(0).random((len(_WORDS), 1, WIDTH), np.float32)
        return ReadyBank("waiting", _WORDS, values)


def in_actor(settings: EngineDefaults) -> WaitingModels:
    """The model source of an actor."""
    return WaitingModels(float(os.environ[WAIT]))


def measure(actors: int, neurons: int, per_second: float | None) -> Row:
    """Explain neurons with `actors` actors; `per_second` is the rate of one."""
    with tempfile.TemporaryDirectory(prefix="line-tui-bench-") as folder, closing(Store.open(Path(folder))) as store:
        seconds, driver = asyncio.run(_explain(store, actors, neurons))
        events = sum(len(store.events(run.id)) for run in store.runs())
    return Row(
        actors=actors,
        neurons=neurons,
        seconds=seconds,
        events=events,
        efficiency=1.0 if per_second is None else neurons / seconds / actors / per_second,
        driver_milliseconds=1000 * driver / events,
        load=os.getloadavg()[0] / (os.cpu_count() or 1),
    )


async def _explain(store: Store, actors: int, neurons: int) -> tuple[float, float]:
    """Seconds, and processor seconds of this process. Raises LineError."""
    # Actors only wait, so they need no core of their own.
    engine = RayEngine(store, source="line_tui.bench.cluster:in_actor", share=Share(actors, 0))

    def make_spec(neuron: int) -> e.RunSpec:
        return e.RunSpec(
            model="waiting", layer="units", neuron=neuron, strategy="published", metric="mean", iterations=5, images=5
        )

    async with Executor(engine) as executor:
        await executor.layers("waiting")
        while engine.working < actors:
            await asyncio.sleep(0.1)
        start, used = time.perf_counter(), time.process_time()
        batch = await Queue(executor, store, make_spec, lambda neuron, how: None).explain(range(neurons))
        for error in batch.failures.values():
            raise error
        return time.perf_counter() - start, time.process_time() - used


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(
        prog="line-tui bench cluster", description=__doc__, epilog="Example: line-tui bench cluster --actors 1 2"
    )
    parser.add_argument("--actors", type=positive, nargs="+", default=[1, 4, 16, 64], help="default: 1 4 16 64")
    parser.add_argument("--neurons", type=positive, default=WIDTH, help="neurons for the largest number of actors")
    parser.add_argument("--wait", type=float, default=0.25, help="seconds that each call of a model takes")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    options = parser.parse_args(arguments)
    os.environ[WAIT] = str(options.wait)
    ray = import_ray()
    connect(ray, None)
    rows: list[Row] = []
    try:
        for actors in options.actors:
            neurons = max(1, options.neurons * actors // max(options.actors))
            per_second = rows[0].neurons / rows[0].seconds / rows[0].actors if rows else None
            rows.append(measure(actors, neurons, per_second))
            print(msgspec.json.encode(rows[-1]).decode(), file=sys.stderr, flush=True)
    finally:
        ray.shutdown()
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(rows) + b"\n")
        return
    print(
        f"{'actors':>6} {'neurons':>8} {'seconds':>8} {'efficiency':>10} {'events/s':>9} {'driver ms':>9} {'load':>5}"
    )
    for row in rows:
        print(
            f"{row.actors:>6} {row.neurons:>8} {row.seconds:>8.1f} {row.efficiency:>10.2f} "
            f"{row.events / row.seconds:>9.0f} {row.driver_milliseconds:>9.2f} {row.load:>5.1f}"
        )


if __name__ == "__main__":
    sys.exit(exit_code(main))
