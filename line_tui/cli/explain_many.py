"""`line-tui explain` for many neurons: one line each, with a progress bar, a rate and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from statistics import fmean
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from line_tui.cli.interrupts import on_interrupt
from line_tui.cli.neuron_selector import select
from line_tui.cli.output import print_message
from line_tui.cli.result import result_of
from line_tui.consoles import PlainConsole
from line_tui.events import RunSpec
from line_tui.plural import counted
from line_tui.report.polysemanticity import polysemanticity, summary
from line_tui.sanitize import shown
from line_tui.tui.formatting import duration

if TYPE_CHECKING:
    from line_tui.engine.executor import Engine
    from line_tui.engine.neuron_queue import Batch
    from line_tui.report.result import Result
    from line_tui.store import Store

COMPARED = 5
"""Number of neurons at each end of a batch whose drawn images the summary compares."""


async def explain_many(
    engine: Engine, store: Store, make_spec: Callable[[int], RunSpec], selector: str
) -> tuple[Batch[int], list[Result]]:
    """Explain the selected neurons; return the batch and, unless it was stopped, the results in order.

    `make_spec` returns the spec of a neuron's run. Raises LineError.
    """
    from line_tui.engine.executor import Executor
    from line_tui.engine.neuron_queue import How, Queue
    from line_tui.layers import find_layer

    spec = make_spec(0)
    # Each result is needed twice: for its own line and for the summary.
    read = cache(partial(result_of, store))
    async with Executor(engine) as executor:
        layer = find_layer(await executor.layers(spec.model), spec.model, spec.layer)
        neurons = select(selector, layer.neurons, spec.seed)
        with BatchProgress(len(neurons)) as progress:

            def on_end(neuron: int, how: How) -> None:
                progress.count(how)
                if how == "failed":
                    progress.print_line(f"neuron {neuron} failed: {queue.batch.failures[neuron]}")
                else:
                    run_id = queue.batch.runs[neuron]
                    progress.print_line(_line(store, run_id, None if how == "before" else read(run_id)))

            queue = Queue(executor, store, make_spec, on_end)

            def stop() -> None:
                progress.print_line("stopping")
                queue.stop()

            with on_interrupt(stop):
                batch = await queue.explain(neurons)
    results = [] if batch.stopped else [read(run_id) for run_id in batch.finished(neurons)]
    if results:
        print_message(savings_summary([result.cost.images_drawn for result in results]))
        print_message(summary(polysemanticity(spec.model, spec.layer, results)))
        print_message(f"one by one: line-tui senses {spec.model} {spec.layer}")
    if batch.failures:
        failed = ", ".join(map(str, sorted(batch.failures)))
        print_message(
            f"{len(batch.failures)} of {len(neurons)} neurons failed: {failed}; the same command tries them again"
        )
    return batch, results


class BatchProgress(Progress):
    """A progress bar with rate and time left in a terminal; elsewhere, a counter before each line.

    Neurons that an earlier call explained do not affect the rate.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._explained = 0
        self._since = time.monotonic()
        self._plain = PlainConsole(stderr=True)
        columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("{task.description}"))
        super().__init__(*columns, console=self._plain, transient=True, disable=not self._plain.is_terminal)
        self._task = self.add_task("", total=total)

    def count(self, how: str) -> None:
        """Count a neuron; one that ended as "before" was explained by an earlier call."""
        self._done += 1
        self._explained += how != "before"
        self.update(self._task, completed=self._done, description=self.rate())

    def rate(self) -> str:
        """Rate and time left; empty while unknown."""
        seconds = time.monotonic() - self._since
        if not self._explained or seconds <= 0:
            return ""
        left = seconds / self._explained * (self._total - self._done)
        return f"{60 * self._explained / seconds:.1f} a minute, {duration(left)} left"

    def print_line(self, text: str) -> None:
        """Print a line that stays above the bar."""
        if self._plain.is_terminal:
            self._plain.print_line(text)
        else:
            rate = self.rate()
            self._plain.print_line(f"{self._done}/{self._total}  {text}" + (f"  ({rate})" if rate else ""))


def savings_summary(fresh: Sequence[int]) -> str:
    """How many images each neuron needed, given in the order of the neurons: later ones share earlier images."""
    if len(fresh) < 2 * COMPARED:
        return f"{counted(sum(fresh), 'image')} drawn for {counted(len(fresh), 'neuron')}"
    first, last = fmean(fresh[:COMPARED]), fmean(fresh[-COMPARED:])
    return (
        f"{sum(fresh)} images drawn for {len(fresh)} neurons: {first:.0f} each for the first {COMPARED}, "
        f"{last:.0f} for the last {COMPARED}; the others were drawn before"
    )


def _line(store: Store, run_id: str, result: Result | None) -> str:
    """A neuron's label, score and cost; `result` is None if an earlier call explained it."""
    run = store.run(run_id)
    score = "" if run.score is None else f"  {run.score:.3f}"
    cost = "done before"
    if result is not None:
        cost = f"{result.cost.images_drawn} of {counted(run.images, 'image')} drawn, {run.seconds:.1f} s"
    return f"neuron {run.neuron}: {shown(run.label or 'no concept found')}{score}  {cost}"
