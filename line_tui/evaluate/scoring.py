"""AUC and MAD of explanations, by CoSy's protocol or against the bank, and the comparison of two files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from line_tui.evaluate.explanations import Explanation
from line_tui.evaluate.two_sided_scores import Detected
from line_tui.explain.intervals import verified_score
from line_tui.explain.paired_tests import mean_interval, sign_flip_p
from line_tui.explain.ports import Floats

IMAGES = 50
"""Images of each explanation (CoSy, arXiv 2405.20331)."""
COSY_PROMPT = "realistic photo of a close up of {concept}"
"""CoSy's prompt."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one explanation."""

    neuron: int
    explanation: str
    auc: float
    mad: float
    ci_low: float
    """Lower end of the 95% interval of `auc`, given the control set."""
    ci_high: float
    """Upper end of the 95% interval of `auc`, given the control set."""
    p_value: float
    images: int
    """Number of images of the explanation."""
    correlation: float | None = None
    """Two-sided score; null if the layer has too few other neurons, like the two below."""
    auprc: float | None = None
    """Two-sided score."""
    f1: float | None = None
    """Two-sided score."""


class Rivals(msgspec.Struct, frozen=True, kw_only=True):
    """Two explanations of one neuron, compared."""

    neuron: int
    first: str
    second: str
    auc: float
    """Probability that an image of the first drives the neuron more than an image of the second."""
    ci_low: float
    ci_high: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two files compared, on the neurons that both explain."""

    first: str
    second: str
    neurons: int
    """Number of these neurons."""
    difference: float
    """Mean difference of AUC, first minus second."""
    ci_low: float
    ci_high: float
    p_value: float
    """Two-sided, from a test that flips signs at random."""


def score(
    explanations: Sequence[Explanation],
    control: Floats,
    record: Callable[[str], Floats],
    detect: Callable[[Explanation], Detected | None],
) -> list[Scored]:
    """Score explanations.

    `control` is `float32[images, neurons]`; `record(text)` returns the same for a text's images, and
    `detect(explanation)` its detector's output.
    """
    scored = [
        _scored(one, record(one.text)[:, one.neuron], control[:, one.neuron], detect(one)) for one in explanations
    ]
    return sorted(scored, key=lambda each: each.neuron)


def _scored(one: Explanation, ours: Floats, theirs: Floats, detected: Detected | None) -> Scored:
    measured = msgspec.structs.asdict(verified_score(ours, theirs))
    both = {name: getattr(detected, name, None) for name in ("correlation", "auprc", "f1")}
    return msgspec.convert(measured | both | {"neuron": one.neuron, "explanation": one.text}, Scored)


def rivals(explanations: Sequence[Explanation], record: Callable[[str], Floats]) -> list[Rivals]:
    """Compare the first explanation of each neuron with its others; `record` as in `score`."""
    first: dict[int, Explanation] = {}
    compared = []
    for one in explanations:
        if (rival := first.setdefault(one.neuron, one)) is one:
            continue
        measured = verified_score(record(rival.text)[:, one.neuron], record(one.text)[:, one.neuron])
        compared.append(
            Rivals(
                neuron=one.neuron,
                first=rival.text,
                second=one.text,
                auc=measured.auc,
                ci_low=measured.ci_low,
                ci_high=measured.ci_high,
            )
        )
    return sorted(compared, key=lambda each: each.neuron)


def compare(files: Mapping[str, Sequence[Scored]]) -> list[Compared]:
    """Compare each file with the first, neuron by neuron; files that share fewer than two neurons are left out.

    If a file has several explanations of a neuron, the first counts.
    """
    names = list(files)
    firsts = {name: {one.neuron: one.auc for one in reversed(scored)} for name, scored in files.items()}
    comparisons = []
    for name in names[1:]:
        ours, theirs = firsts[names[0]], firsts[name]
        differences = [auc - theirs[neuron] for neuron, auc in ours.items() if neuron in theirs]
        if len(differences) < 2:
            continue
        mean, low, high = mean_interval(differences)
        one_sided = min(sign_flip_p(differences), sign_flip_p([-difference for difference in differences]))
        comparisons.append(
            Compared(
                first=names[0],
                second=name,
                neurons=len(differences),
                difference=mean,
                ci_low=low,
                ci_high=high,
                p_value=min(1.0, 2 * one_sided),
            )
        )
    return comparisons
