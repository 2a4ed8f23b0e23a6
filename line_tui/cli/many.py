"""`line-tui explain` for many neurons: one run each, one line of progress each; what is finished is not done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import msgspec

from line_tui import events as e
from line_tui.cli.result import result_of
from line_tui.cli.say import say
from line_tui.cli.selector import select
from line_tui.events import RunSpec
from line_tui.report.senses import polysemanticity, told
from line_tui.text import shown

if TYPE_CHECKING:
    from line_tui.engine.executor import Engine
    from line_tui.store import Store

COMPARED = 5
"""Neurons at either end whose fresh images are compared."""


async def explain_many(
    engine: Engine, store: Store, asked: Callable[[int], RunSpec], selector: str
) -> list[str] | None:
    """Explain the neurons that a selector names; their runs, or None when the person stopped it.

    `asked` gives what is asked for of a neuron.
    """
    from line_tui.cli.headless import follow
    from line_tui.engine.executor import Executor
    from line_tui.layers import find_layer

    spec = asked(0)
    async with Executor(engine) as executor:
        layer = find_layer(await executor.layers(spec.model), spec.model, spec.layer)
        neurons = select(selector, layer.neurons, spec.seed)
        known = known_runs(store, spec)
        run_ids: list[str] = []
        for done, neuron in enumerate(neurons):
            run_id = known.get(neuron)
            again = run_id is not None and store.run(run_id).status == "finished"
            if run_id is None or not again:
                if run_id is None:
                    run_id = store.new_run_id()
                    handle = executor.submit(run_id, asked(neuron))
                else:
                    handle = executor.resume(run_id)
                await follow(handle, lambda seen: None, on_stop=_say_stopping, on_wait=_nobody)
            if store.run(run_id).status != "finished":
                return None
            run_ids.append(run_id)
            say(_line(store, run_id, done + 1, len(neurons), again))
    say(told_savings([fresh_images(store, run_id) for run_id in run_ids]))
    say(told(polysemanticity(spec.model, spec.layer, results_of(store, run_ids))))
    say(f"one by one: line-tui senses {spec.model} {spec.layer}")
    return run_ids


def known_runs(store: Store, spec: RunSpec) -> dict[int, str]:
    """Runs that were asked for in the same words, by neuron; of several, one that is finished."""
    found: dict[int, str] = {}
    for run in store.runs():
        if run.status == "damaged":
            continue
        asked = store.spec(run.id)
        same = msgspec.structs.replace(asked, neuron=spec.neuron) == spec
        if same and (run.neuron not in found or run.status == "finished"):
            found[run.neuron] = run.id
    return found


def fresh_images(store: Store, run_id: str) -> int:
    """Images that were drawn for this run, and not for an earlier one."""
    seen = (envelope.event for envelope in store.events(run_id))
    return sum(isinstance(event, e.ImageScored) and not event.cached for event in seen)


def told_savings(fresh: Sequence[int]) -> str:
    """By how much the neurons at the end were cheaper than those at the start."""
    if len(fresh) < 2 * COMPARED:
        return f"{sum(fresh)} images drawn for {len(fresh)} neurons"
    first, last = fmean(fresh[:COMPARED]), fmean(fresh[-COMPARED:])
    return (
        f"{sum(fresh)} images drawn for {len(fresh)} neurons: {first:.0f} each for the first {COMPARED}, "
        f"{last:.0f} for the last {COMPARED}; the others were drawn before"
    )


def results_of(store: Store, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The results of finished runs."""
    return [result_of(store, run_id) for run_id in run_ids]


def _line(store: Store, run_id: str, done: int, of: int, again: bool) -> str:
    run = store.run(run_id)
    score = "" if run.score is None else f"  {run.score:.3f}"
    cost = (
        "done before" if again else f"{fresh_images(store, run_id)} of {run.images} images drawn, {run.seconds:.1f} s"
    )
    return f"{done}/{of}  neuron {run.neuron}: {shown(run.label or 'no concept found')}{score}  {cost}"


def _say_stopping() -> None:
    say("stopping")


def _nobody() -> None:
    raise RuntimeError("a run of many neurons asks nobody")
