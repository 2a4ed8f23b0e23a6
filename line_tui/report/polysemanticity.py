"""How polysemantic the neurons of a layer are: what `line-tui senses` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from line_tui.decodable import decodable
from line_tui.report.result import Result


@decodable
class SenseOfNeuron(msgspec.Struct, frozen=True, kw_only=True):
    """One sense of a neuron, as in a run's result."""

    label: str
    share: float | None
    """How much of the neuron's strong responses it accounts for; null if the run did not measure it."""
    coverage: float | None
    """Older name of `share`."""
    auc: float | None
    ci_low: float | None
    ci_high: float | None
    mad: float | None
    correlation: float | None


class NeuronSenses(msgspec.Struct, frozen=True, kw_only=True):
    """The senses of one neuron."""

    neuron: int
    run_id: str
    label: str | None
    senses: list[SenseOfNeuron]
    covered: float
    """The largest share of its senses."""
    unexplained: float | None
    """Share of the strong responses that no sense accounts for; null if the run did not measure it."""


class Polysemanticity(msgspec.Struct, frozen=True, kw_only=True):
    """The senses of a layer's neurons."""

    model: str
    layer: str
    neurons: int
    """Neurons that were explained."""
    without_concept: int
    by_senses: dict[str, int]
    """Neurons by their number of senses."""
    polysemantic: float | None
    """Share with several senses among the neurons with a concept; null if there are none."""
    each: list[NeuronSenses]
    """Those with the most senses first."""


def polysemanticity(model: str, layer: str, results: Sequence[Result]) -> Polysemanticity:
    """The report over the results of a layer's neurons."""
    each = [
        NeuronSenses(
            neuron=result.neuron,
            run_id=result.run_id,
            label=result.label,
            senses=[msgspec.convert(sense, SenseOfNeuron, from_attributes=True) for sense in result.senses],
            covered=max((sense.share or 0.0 for sense in result.senses), default=0.0),
            unexplained=result.explanation.unexplained if result.explanation else None,
        )
        for result in results
    ]
    counts = Counter(len(one.senses) for one in each if one.senses)
    found = counts.total()
    return Polysemanticity(
        model=model,
        layer=layer,
        neurons=len(each),
        without_concept=sum(one.label is None for one in each),
        by_senses={str(senses): count for senses, count in sorted(counts.items())},
        polysemantic=(found - counts[1]) / found if found else None,
        each=sorted(each, key=lambda one: (-len(one.senses), one.neuron)),
    )


def told(report: Polysemanticity) -> str:
    """The report in one line."""
    if not report.by_senses:
        return "no senses were looked for; only --strategy adaptive looks for them"
    counted = ", ".join(f"{count} with {senses}" for senses, count in report.by_senses.items())
    covered = [one.covered for one in report.each if one.senses]
    return (
        f"senses: {counted}, {report.without_concept} neurons without a concept; "
        f"the first accounts for {sum(covered) / len(covered):.0%} of the strong responses on average"
    )
