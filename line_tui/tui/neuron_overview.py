"""An overview of a layer's neurons, from a bank drawn before: what each responds to most, and how selectively."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from line_tui import events as e

if TYPE_CHECKING:
    from line_tui.engine.bundled_bank import BundledBank
    from line_tui.explain.ports import Floats

_FLAT = 1e-6
"""Share of the layer's scale below which a neuron's range counts as none."""
WORDS = 8
"""The number of the bank's words shown for a neuron."""
STRONGEST = 10
"""The number of the bank's pictures shown for a neuron."""


@dataclass(frozen=True)
class NeuronOverview:
    """One neuron, measured on the bank."""

    concept: str
    """The bank's concept with the highest mean activation."""
    mad: float
    """The difference of that mean from the bank's, in standard deviations of the bank."""
    flat: Literal["", "dead", "constant"] = ""


@dataclass(frozen=True)
class NeuronProfile:
    """One neuron and the bank's pictures."""

    words: tuple[tuple[str, float], ...]
    """The bank's words with the highest mean activation, the highest first."""
    control: tuple[float, ...]
    """Its activation on every picture of the bank."""
    of_best: tuple[float, ...]
    """Its activations on the pictures of its best word."""
    strongest: tuple[e.ImageScored, ...] = ()
    """The pictures that drive it most, the strongest first; empty for a bank without pictures."""


def bank_profile(model: str, layer: str, neuron: int) -> NeuronProfile | None:
    """A neuron of a bundled model's layer, or None if it has no bank. Raises LineError."""
    bank = bundled().of(model, layer)
    if bank is None:
        return None
    return profile(bank.activations[:, :, neuron], bank.concepts, bundled().thumbnails)


def profile(activations: Floats, concepts: Sequence[str], thumbnails: Mapping[str, Sequence[bytes]]) -> NeuronProfile:
    """Takes `float32[concepts, images]`, of one neuron."""
    means = activations.mean(axis=1)
    order = means.argsort()[::-1][:WORDS]
    places = [divmod(int(n), activations.shape[1]) for n in activations.argsort(axis=None)[::-1][:STRONGEST]]
    return NeuronProfile(
        tuple((concepts[int(n)], float(means[n])) for n in order),
        tuple(map(float, activations.ravel())),
        tuple(map(float, activations[order[0]])),
        tuple(
            e.ImageScored(
                trial="",
                concept=concepts[word],
                index=image,
                image=e.ImageRecord(identity="", path="", prompt=concepts[word], seed=image),
                activation=float(activations[word, image]),
                thumbnail=thumbnails[concepts[word]][image],
            )
            for word, image in places
            if concepts[word] in thumbnails
        ),
    )


@cache
def bundled() -> BundledBank:
    """The bundled bank."""
    # Tens of megabytes of arrays, read only when such a layer is opened.
    from line_tui.engine.bundled_bank import BundledBank

    return BundledBank()


def bank_overview(model: str, layer: str) -> list[NeuronOverview] | None:
    """The neurons of a bundled model's layer, or None if it has no bank. Raises LineError."""
    bank = bundled().of(model, layer)
    return None if bank is None else overview(bank.activations, bank.concepts)


def overview(activations: Floats, concepts: Sequence[str]) -> list[NeuronOverview]:
    """Takes `float32[concepts, images, neurons]`; the score is MAD with the whole bank as control."""
    means = activations.mean(axis=1)
    best = means.argmax(axis=0)
    flat = activations.reshape(-1, activations.shape[2])
    middle, spread = flat.mean(axis=0), flat.std(axis=0, ddof=1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = float(abs(flat).max()) or 1.0
    found = []
    for neuron in range(flat.shape[1]):
        if high[neuron] - low[neuron] < _FLAT * scale:
            found.append(NeuronOverview("", 0.0, "dead" if high[neuron] == 0 else "constant"))
            continue
        mad = (means[best[neuron], neuron] - middle[neuron]) / spread[neuron]
        found.append(NeuronOverview(concepts[int(best[neuron])], float(mad)))
    return found
