"""Compare the coverage of the 95% intervals with their nominal coverage, on simulated neurons.

Activations on the control set are normally distributed. Those on a concept's 50 images are too, with another mean and
spread, or are a mixture in which the generator sometimes misses the concept. The interval should cover the true AUC,
and the AUC of 500 further images. The latter is noisy itself, so its expected coverage is the posterior predictive
probability, averaged over the measurements.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import product
from statistics import fmean

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy.stats import norm

from line_tui.child_main import ArgumentParser, positive, run_alone
from line_tui.consoles import PlainConsole
from line_tui.explain.intervals import interval, posterior
from line_tui.explain.ports import Floats
from line_tui.explain.two_sided import correlation, correlation_interval

IMAGES, FURTHER = 50, 500
AUCS = (0.5, 0.7, 0.85, 0.93, 0.96, 0.98, 0.99, 0.997)
SPREADS = (0.5, 1.0, 2.0)
MISSES = (0.0, 0.05)
"""Share of images on which the generator misses the concept, so that they resemble the control."""
TWO_SIDED_SETS = ((100, 1), (500, 1), (500, 2))
"""Concepts in the reporting half of the control set, and pictures per concept."""
SHARED = (0.3, 0.6, 0.9)
MANY = 20_000
STRATA = ((0.0, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.0))


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """One stratum of true AUC."""

    low: float
    high: float
    measurements: int
    of_truth: float
    of_further: float
    """Share of measurements whose interval contains the score of `FURTHER` other images."""
    expected: float
    """The same share as the interval's theory predicts."""
    width: float


class Measurement(msgspec.Struct, frozen=True):
    """One simulated label."""

    auc: float
    truth: bool
    further: bool
    expected: float
    width: float


def simulate(runs: int, seed: int) -> Iterator[Measurement]:
    """`runs` measurements of every kind of neuron."""
    rng = np.random.default_rng(seed)
    for auc, spread, miss in product(AUCS, SPREADS, MISSES):
        hit = (auc - miss / 2) / (1 - miss)
        if not 0 < hit < 1:
            continue
        mean = norm.ppf(hit) * np.sqrt(1 + spread**2)
        for _ in range(runs):
            yield _measure(_draw(rng, mean, spread, miss, IMAGES), _draw(rng, mean, spread, miss, FURTHER), auc, rng)


def _draw(rng: np.random.Generator, mean: float, spread: float, miss: float, images: int) -> NDArray[np.float64]:
    placed: NDArray[np.float64] = norm.cdf(rng.normal(mean, spread, images))
    return np.where(rng.random(images) < miss, rng.random(images), placed)


def _measure(
    placed: NDArray[np.float64], further: NDArray[np.float64], auc: float, rng: np.random.Generator
) -> Measurement:
    low, high = interval(placed)
    predicted = posterior(placed)
    predicted = predicted + rng.normal(0, placed.std(ddof=1) / np.sqrt(FURTHER), predicted.size)
    return Measurement(
        auc,
        low <= auc <= high,
        bool(low <= further.mean() <= high),
        float(np.mean((predicted >= low) & (predicted <= high))),
        high - low,
    )


class TwoSided(msgspec.Struct, frozen=True, kw_only=True):
    """The bootstrap interval of the two-sided score, at one number of concepts in the control set."""

    concepts: int
    measurements: int
    of_truth: float
    width: float


def simulate_two_sided(runs: int, seed: int) -> Iterator[TwoSided]:
    """Simulate neurons and detectors that agree in part, for control sets of several sizes.

    The truth is the score on a control set of `MANY` concepts of the same kind.
    """
    rng = np.random.default_rng(seed)
    for concepts, images in TWO_SIDED_SETS:
        covered, widths = [], []
        for shared in SHARED:
            truth = correlation(*_shown_and_responses(rng, shared, MANY, images))
            groups = np.repeat(np.arange(concepts), images)
            for _ in range(runs):
                low, high = correlation_interval(*_shown_and_responses(rng, shared, concepts, images), groups)
                covered.append(low <= truth <= high)
                widths.append(high - low)
        yield TwoSided(
            concepts=concepts, measurements=len(covered), of_truth=float(np.mean(covered)), width=fmean(widths)
        )


def _shown_and_responses(rng: np.random.Generator, shared: float, concepts: int, images: int) -> tuple[Floats, Floats]:
    """Simulate a detector and a neuron: one concept in ten drives the neuron, and some of these the detector too."""
    driving = rng.random(concepts) < 0.1
    has_concept = np.where(driving, rng.random(concepts) < shared, rng.random(concepts) < 0.02)
    neuron = np.repeat(2 * driving + rng.normal(0, 0.3, concepts), images) + rng.normal(0, 0.5, concepts * images)
    shown = np.clip(np.repeat(0.8 * has_concept, images) + rng.normal(0.1, 0.1, concepts * images), 0, 1)
    return shown.astype(np.float32), neuron.astype(np.float32)


def summarise(measurements: list[Measurement]) -> list[Coverage]:
    """Coverage by stratum of true AUC, the last row being all."""
    rows = []
    for low, high in [*STRATA, (0.0, 1.0)]:
        those = [one for one in measurements if low <= one.auc < high]
        rows.append(
            Coverage(
                low=low,
                high=high,
                measurements=len(those),
                of_truth=fmean(one.truth for one in those),
                of_further=fmean(one.further for one in those),
                expected=fmean(one.expected for one in those),
                width=fmean(one.width for one in those),
            )
        )
    return rows


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(
        prog="line-tui bench coverage", description=__doc__, epilog="Example: line-tui bench coverage --runs 20"
    )
    parser.add_argument("--runs", type=positive, default=100, help="measurements per kind of neuron (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args(arguments)
    rows = summarise(list(simulate(options.runs, options.seed)))
    two_sided = list(simulate_two_sided(options.runs, options.seed))
    if options.json:
        json.dump({"auc": msgspec.to_builtins(rows), "two_sided": msgspec.to_builtins(two_sided)}, sys.stdout)
        print()
        return
    table = Table(title=f"95% intervals from {IMAGES} images")
    for column in ("true AUC", "measurements", "truth", f"score of {FURTHER}", "expected", "width"):
        table.add_column(column, justify="right")
    for one in rows:
        cells = (one.of_truth, one.of_further, one.expected, one.width)
        table.add_row(f"{one.low:.2f} - {one.high:.2f}", str(one.measurements), *(f"{cell:.3f}" for cell in cells))
    PlainConsole().print(table)


if __name__ == "__main__":
    run_alone(main)
