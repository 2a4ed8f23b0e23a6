import msgspec

from line_tui.explain.state import fold
from line_tui.report.polysemanticity import polysemanticity, summary
from line_tui.report.result import Result, Sense, result
from tests.report.test_result import EVENTS


def of(neuron: int, *shares: float) -> Result:
    senses = [
        Sense(
            label=f"s{n}",
            concepts=[],
            share=share,
            coverage=share,
            auc=0.9,
            mad=2.0,
            ci_low=0.8,
            ci_high=1.0,
            correlation=0.5,
        )
        for n, share in enumerate(shares)
    ]
    label = "s0" if senses else None
    return msgspec.structs.replace(
        result(fold(EVENTS), 1.0), neuron=neuron, run_id=f"r{neuron}", label=label, senses=senses, explanation=None
    )


def test_the_most_polysemantic_comes_first() -> None:
    report = polysemanticity("m", "fc", [of(0, 0.4), of(1, 0.4), of(2, 0.2, 0.3), of(3)])
    assert [one.neuron for one in report.each] == [2, 0, 1, 3]
    assert (report.neurons, report.without_concept, report.by_senses) == (4, 1, {"1": 2, "2": 1})
    assert report.polysemantic == 1 / 3
    assert report.each[0].covered == 0.3
    assert msgspec.to_builtins(report.each[0].senses[1]) == {
        "label": "s1", "share": 0.3, "coverage": 0.3, "auc": 0.9, "ci_low": 0.8, "ci_high": 1.0, "mad": 2.0,
        "correlation": 0.5,
    }  # fmt: skip
    assert (
        summary(report) == "senses: 2 with 1, 1 with 2, 1 neuron without a concept; "
        "the first accounts for 37% of the strong responses on average"
    )


def test_where_no_senses_were_looked_for() -> None:
    report = polysemanticity("m", "fc", [of(3)])
    assert report.polysemantic is None and "adaptive" in summary(report)
