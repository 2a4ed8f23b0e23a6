"""What the bundled concept bank says about neurons: what each responds to most, and how selectively."""

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
"""A neuron is flat if its range is below this share of the layer's largest absolute activation."""
WORDS = 8
"""Number of the bank's words in a profile."""
STRONGEST = 10
"""Number of the bank's pictures in a profile."""


@dataclass(frozen=True)
class NeuronOverview:
    """A neuron in the list of a layer's neurons."""

    concept: str
    """The bank's concept with the highest mean activation."""
    mad: float
    """How far that mean is above the whole bank's, in standard deviations of the bank."""
    flat: Literal["", "dead", "constant"] = ""


@dataclass(frozen=True)
class NeuronProfile:
    """A neuron's activations on the bank."""

    words: tuple[tuple[str, float], ...]
    """The bank's words with the highest mean activation, the highest first."""
    control: tuple[float, ...]
    """Its activation on every picture of the bank."""
    of_best: tuple[float, ...]
    """Its activations on the pictures of its best word."""
    strongest: tuple[e.ImageScored, ...] = ()
    """The pictures that drive it most, the strongest first; empty for a bank without pictures."""


def bank_profile(model: str, layer: str, neuron: int) -> NeuronProfile | None:
    """The profile of a neuron; None if there is no bank for its layer. Raises LineError."""
    bank = bundled().of(model, layer)
    if bank is None:
        return None
    return profile(bank.activations[:, :, neuron], bank.concepts, bundled().thumbnails)


def profile(activations: Floats, concepts: Sequence[str], thumbnails: Mapping[str, Sequence[bytes]]) -> NeuronProfile:
    """The profile of a neuron with these activations, `float32[concepts, images]`."""
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
    """The bundled bank, loaded on the first call: tens of megabytes."""
    from line_tui.engine.bundled_bank import BundledBank

    return BundledBank()


def bank_overview(model: str, layer: str) -> list[NeuronOverview] | None:
    """Overviews of a layer's neurons; None if there is no bank for the layer. Raises LineError."""
    bank = bundled().of(model, layer)
    return None if bank is None else overview(bank.activations, bank.concepts)


def overview(activations: Floats, concepts: Sequence[str]) -> list[NeuronOverview]:
    """Overviews of neurons with these activations, `float32[concepts, images, neurons]`.

    MAD is measured with the whole bank as control set.
    """
    means = activations.mean(axis=1)
    best = means.argmax(axis=0)
    flat = activations.reshape(-1, activations.shape[2])
    middle, spread = flat.mean(axis=0), flat.std(axis=0, ddof=1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = float(abs(flat).max()) or 1.0
    overviews = []
    for neuron in range(flat.shape[1]):
        if high[neuron] - low[neuron] < _FLAT * scale:
            overviews.append(NeuronOverview("", 0.0, "dead" if high[neuron] == 0 else "constant"))
            continue
        mad = (means[best[neuron], neuron] - middle[neuron]) / spread[neuron]
        overviews.append(NeuronOverview(concepts[int(best[neuron])], float(mad)))
    return overviews
