"""Activation maximization as a job of the engine, and its comparison with a neuron's best generated image."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

import msgspec

from line_tui.decodable import decodable
from line_tui.explain.state import RunState


@decodable
class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to maximise, and how."""

    model: str
    layer: str
    neuron: int
    steps: int
    seed: int


class Maximised(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the ascent."""

    vision: str
    """The vision model with its revision."""
    activation: float
    picture: bytes
    """A PNG file."""


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The stored image with the highest activation."""

    activation: float
    concept: str
    run_id: str
    path: str
    control_mean: float


class Comparison(Request, frozen=True, kw_only=True):
    """Gradient ascent compared with the neuron's best generated image."""

    ascent: float
    """Activation of the picture found by gradient ascent."""
    picture: str
    """Path of that picture."""
    generated: Best | None
    """The best generated image; null before the first run of the neuron."""
    share: float | None
    """(generated - control mean) / (ascent - control mean); null without a run, or if the ascent is not above the
    control mean."""


def best_generated(states: Iterable[RunState], vision: str) -> Best | None:
    """The best image from all runs of a neuron with exactly this revision of the vision model."""
    best: Best | None = None
    for state in states:
        if state.run is None or state.control is None or state.run.settings.vision != vision:
            continue
        for trial in state.trials.values():
            for image in trial.images:
                if best is None or image.activation > best.activation:
                    best = Best(
                        activation=image.activation,
                        concept=image.concept,
                        run_id=state.run.run_id,
                        path=image.image.path,
                        control_mean=fmean(state.control.flat),
                    )
    return best


def share(ascent: float, generated: Best | None) -> float | None:
    """The generated image's activation as a share of the ascent's, both above the control mean."""
    if generated is None or ascent <= generated.control_mean:
        return None
    return (generated.activation - generated.control_mean) / (ascent - generated.control_mean)


def compare(request: Request, maximised: Maximised, picture: str, states: Iterable[RunState]) -> Comparison:
    """Compare an ascent, whose picture was written to `picture`, with all runs of its neuron."""
    generated = best_generated(states, maximised.vision)
    return Comparison(
        **msgspec.structs.asdict(request),
        picture=picture,
        ascent=maximised.activation,
        generated=generated,
        share=share(maximised.activation, generated),
    )
