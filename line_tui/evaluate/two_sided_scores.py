"""Two-sided scores of explanations (correlation, AUPRC, F1), and sanity checks of the metrics.

The sanity checks are those of Oikarinen, Yan, Weng (arXiv 2506.05774): an explanation that misses half of what it
should cover, or that covers as much again of something else, is worse, so its score must fall. Metrics whose scores
fall for nearly all explanations pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from line_tui.explain.detectors import shown, usable_features, whitening
from line_tui.explain.ports import Floats
from line_tui.explain.scores import auc, mad
from line_tui.explain.two_sided import auprc, correlation, f1, strongest

Labels = NDArray[np.bool_]
"""Which control pictures show the concept, `bool[pictures]`."""
FEWEST = 4
"""Minimum number of control pictures that count as showing a concept."""
HOLDS = 0.2
"""Minimum correlation of an explanation to be checked: below it, no metric has room to fall."""
PASSES = 0.9
"""Share of explanations for which a metric must fall."""
NOTICED = 0.05
"""Share of its score by which a metric must fall to pass."""
TRIES = 20
"""Number of random changes to the labels per explanation."""


@dataclass(frozen=True)
class Detected:
    """A detector's output on the control pictures."""

    activations: Floats
    """Of the neuron, `float32[pictures]`."""
    shown: Floats
    """`float32[pictures]` in (0, 1)."""

    @property
    def labels(self) -> Labels:
        """Pictures with a detector output above 0.5."""
        return strongest(self.shown, max(FEWEST, int((self.shown >= 0.5).sum())) / len(self.shown))

    @property
    def correlation(self) -> float:
        """Two-sided score."""
        return correlation(self.shown, self.activations)

    @property
    def auprc(self) -> float:
        """How well the neuron finds the pictures that show the concept."""
        return auprc(self.activations, self.labels)

    @property
    def f1(self) -> float:
        """Of the neuron's strong responses and the pictures that show the concept."""
        return f1(strongest(self.activations), self.labels)


def detect(pictures: Floats, control: Floats, neuron: int, drawn: Floats | None = None) -> Detected | None:
    """The output of a detector made from an explanation's pictures; None if no other neuron of the layer varies.

    All are `float32[images, neurons]`. With a control set of natural pictures, `drawn` are those of all explanations:
    what they have in common is not part of any concept.
    """
    features = usable_features(control, neuron)
    if not len(features):
        return None
    whiten = whitening(control[:, features])
    centre = whiten(pictures[:, features]).mean(axis=0, keepdims=True)
    if drawn is not None and len(drawn) > len(pictures):
        centre = centre - whiten(drawn[:, features]).mean(axis=0)
    return Detected(control[:, neuron], shown(whiten(control[:, features]), centre)[:, 0])


METRICS: dict[str, Callable[[Floats, Labels], float]] = {
    "auc": lambda activations, labels: auc(activations[labels], activations[~labels]),
    "mad": lambda activations, labels: mad(activations[labels], activations[~labels]),
    "correlation": lambda activations, labels: correlation(labels.astype(np.float32), activations),
    "auprc": auprc,
    "f1": lambda activations, labels: f1(strongest(activations), labels),
}
"""Each measures how well a neuron's activations match the control pictures that show the concept."""


class Sanity(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a metric notices wrong explanations, by two checks."""

    metric: str
    missing_falls: float
    """Share of explanations whose score falls when half of the pictures that show the concept lose their label."""
    extra_falls: float
    """Share of explanations whose score falls when as many other pictures get the label as have it."""
    passes: bool
    """Whether both shares are large enough."""


def sanity(detected: Sequence[Detected]) -> list[Sanity]:
    """Run both checks on all metrics, over the explanations above `HOLDS`; empty if there are none."""
    holding = [one for one in detected if one.correlation >= HOLDS]
    checks = []
    for name, metric in METRICS.items() if holding else ():
        falls = np.array([_falls(one, metric) for one in holding]).mean(axis=0)
        missing, extra = float(falls[0]), float(falls[1])
        passes = min(missing, extra) >= PASSES
        checks.append(Sanity(metric=name, missing_falls=missing, extra_falls=extra, passes=passes))
    return checks


def _falls(one: Detected, metric: Callable[[Floats, Labels], float]) -> tuple[bool, bool]:
    """Whether the mean score falls with missing and with extra labels."""
    rng = np.random.default_rng(0)
    labels = one.labels
    right, others = np.flatnonzero(labels), np.flatnonzero(~labels)
    missing, extra = [], []
    for _ in range(TRIES):
        fewer, more = labels.copy(), labels.copy()
        fewer[rng.choice(right, len(right) // 2, replace=False)] = False
        more[rng.choice(others, min(len(right), len(others) - 1), replace=False)] = True
        missing.append(metric(one.activations, fewer))
        extra.append(metric(one.activations, more))
    full = metric(one.activations, labels)
    return full - float(np.mean(missing)) > NOTICED * abs(full), full - float(np.mean(extra)) > NOTICED * abs(full)
