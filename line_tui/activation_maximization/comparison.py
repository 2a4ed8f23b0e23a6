"""Compares a neuron's best generated image with the result of gradient ascent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean

import msgspec
from PIL import Image

from line_tui.activation_maximization.request import Request
from line_tui.errors import StoreError, UsageError
from line_tui.events import durable
from line_tui.explain.state import RunState, fold
from line_tui.offline import stay_offline
from line_tui.store import Store

BATCH = 8


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The stored image that drives the neuron most."""

    activation: float
    concept: str
    run_id: str
    path: str
    control_mean: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How far each method's best image drives the neuron; `generated` is None before the first run."""

    model: str
    layer: str
    neuron: int
    steps: int
    seed: int
    ascent: float
    picture: str
    generated: Best | None
    share: float | None
    """(generated - control mean) / (ascent - control mean); None without a run, or where the ascent went nowhere."""


def best_generated(states: Iterable[RunState], vision: str) -> Best | None:
    """The best image from all runs of a neuron with exactly this revision of the vision model."""
    found: Best | None = None
    for state in states:
        if state.run is None or state.control is None or state.run.settings.vision != vision:
            continue
        for trial in state.trials.values():
            for image in trial.images:
                if found is None or image.activation > found.activation:
                    found = Best(
                        activation=image.activation,
                        concept=image.concept,
                        run_id=state.run.run_id,
                        path=image.image.path,
                        control_mean=fmean(state.control.flat),
                    )
    return found


def share(ascent: float, generated: Best | None) -> float | None:
    """The generated image's activation as a share of the ascent's, both above the control mean."""
    if generated is None or ascent <= generated.control_mean:
        return None
    return (generated.activation - generated.control_mean) / (ascent - generated.control_mean)


def compare(request: Request, on_step: Callable[[int, int], None]) -> Comparison:
    """Maximise, write the picture, and look up the best stored image.

    Raises UnknownNameError, ModelFileError, UsageError, StoreError.
    """
    stay_offline()
    from line_tui.engine.catalogued import CataloguedModels
    from line_tui.models.activation_maximization import maximise
    from line_tui.models.vision import TorchVision

    store = Store.open(Path(request.data) if request.data else None)
    states = [
        fold(durable(store.events(run.id)))
        for run in store.runs()
        if (run.model, run.layer, run.neuron) == (request.model, request.layer, request.neuron)
    ]
    store.close()
    vision = CataloguedModels().vision(request.model, BATCH)
    if not isinstance(vision, TorchVision):
        raise UsageError(f"{request.model} is a black box, without gradients", "`line-tui explain` needs none")
    vision.check(request.layer, request.neuron)
    picture = maximise(vision, request.layer, request.neuron, steps=request.steps, seed=request.seed, on_step=on_step)
    try:
        Image.fromarray(picture).save(request.picture)
    except OSError as error:
        raise StoreError(f"cannot write {request.picture}: {error.strerror}", "choose another --to") from error
    # Measured like any image: from the eight-bit file, in the fixed batch size.
    ascent = float(vision.record([picture], request.layer, request.neuron).activations[0, request.neuron])
    generated = best_generated(states, vision.name)
    return Comparison(
        **{name: getattr(request, name) for name in ("model", "layer", "neuron", "steps", "seed", "picture")},
        ascent=ascent,
        generated=generated,
        share=share(ascent, generated),
    )
