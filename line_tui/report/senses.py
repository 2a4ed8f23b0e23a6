"""How polysemantic the neurons of a layer are: what `line-tui senses` prints.

    {model, layer, neurons (that were explained), without_concept, by_senses {count: neurons}, polysemantic (share with
    several senses among the neurons with a concept), each: [{neuron, run_id, label, senses: [{label, share, coverage,
    auc, ci_low, ci_high, mad, correlation}], covered, unexplained}]}

`share` (`coverage` is its older name) is how much of the neuron's strong responses a concept accounts for, `covered`
the largest of them, `unexplained` what none of them accounts for; null where a run did not measure it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

_OF_A_SENSE = ("label", "share", "coverage", "auc", "ci_low", "ci_high", "mad", "correlation")


def polysemanticity(model: str, layer: str, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The report over the results (`result_json`) of a layer's neurons, those with the most senses first."""
    each = [
        {
            "neuron": result["neuron"],
            "run_id": result["run_id"],
            "label": result["label"],
            "senses": [{key: sense[key] for key in _OF_A_SENSE} for sense in result["senses"]],
            "covered": max((sense["share"] or 0.0 for sense in result["senses"]), default=0.0),
            "unexplained": result["explanation"]["unexplained"] if result["explanation"] else None,
        }
        for result in results
    ]
    counts = Counter(len(one["senses"]) for one in each if one["senses"])
    found = counts.total()
    return {
        "model": model,
        "layer": layer,
        "neurons": len(each),
        "without_concept": sum(one["label"] is None for one in each),
        "by_senses": {str(senses): count for senses, count in sorted(counts.items())},
        "polysemantic": (found - counts[1]) / found if found else None,
        "each": sorted(each, key=lambda one: (-len(one["senses"]), one["neuron"])),
    }


def told(report: dict[str, Any]) -> str:
    """The report in one line."""
    if not report["by_senses"]:
        return "no senses were looked for: that takes --strategy adaptive"
    counted = ", ".join(f"{count} with {senses}" for senses, count in report["by_senses"].items())
    covered = [one["covered"] for one in report["each"] if one["senses"]]
    return (
        f"senses: {counted}, {report['without_concept']} neurons without a concept; "
        f"the first accounts for {sum(covered) / len(covered):.0%} of the strong responses on average"
    )
