"""How polysemantic the neurons of a layer are: what `line-tui senses` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from line_tui.decodable import decodable
from line_tui.plural import counted
from line_tui.report.result import Result


@decodable
class SenseOfNeuron(msgspec.Struct, frozen=True, kw_only=True):
    """One sense of a neuron, as in a run's result."""

    label: str
    share: float | None
    """Share of the neuron's strong responses that it accounts for; null if the run did not measure it."""
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
    """The largest share of any of its senses."""
    unexplained: float | None
    """Share of its strong responses that no sense accounts for; null if the run did not measure it."""


class Polysemanticity(msgspec.Struct, frozen=True, kw_only=True):
    """The senses of a layer's neurons."""

    model: str
    layer: str
    neurons: int
    """Number of explained neurons."""
    without_concept: int
    """Number of these for which no concept was found."""
    by_senses: dict[str, int]
    """Number of neurons by number of senses."""
    polysemantic: float | None
    """Share of neurons with several senses among those with a concept; null if there are none."""
    each: list[NeuronSenses]
    """The neurons, those with the most senses first."""


def polysemanticity(model: str, layer: str, results: Sequence[Result]) -> Polysemanticity:
    """The senses of a layer's neurons, from their runs' results."""
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
    with_concept = counts.total()
    return Polysemanticity(
        model=model,
        layer=layer,
        neurons=len(each),
        without_concept=sum(one.label is None for one in each),
        by_senses={str(senses): count for senses, count in sorted(counts.items())},
        polysemantic=(with_concept - counts[1]) / with_concept if with_concept else None,
        each=sorted(each, key=lambda one: (-len(one.senses), one.neuron)),
    )


def summary(report: Polysemanticity) -> str:
    """The report in one line."""
    if not report.by_senses:
        return "no senses were looked for; only --strategy adaptive looks for them"
    by_senses = ", ".join(f"{count} with {senses}" for senses, count in report.by_senses.items())
    covered = [one.covered for one in report.each if one.senses]
    return (
        f"senses: {by_senses}, {counted(report.without_concept, 'neuron')} without a concept; "
        f"the first accounts for {sum(covered) / len(covered):.0%} of the strong responses on average"
    )
