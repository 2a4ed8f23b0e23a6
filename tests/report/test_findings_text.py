"""Each sentence is made from numbers, and is left out where they were not measured."""

import msgspec

from line_tui import events as e
from line_tui.explain.state import fold
from line_tui.report.findings_text import argument, narrow
from tests.report.test_result import EVENTS

CONTROL = e.ControlMeasured(
    bank_id="b", concepts=["map", "car", "pear"], activations=[[0.0, 0.1], [0.9, 0.8], [0.7, 0.2]], drawn=0
)
SCORE = e.VerifiedScore(
    auc=0.98, mad=2, mean=1, images=50, ci_low=0.956, ci_high=0.999, p_value=0.001,
    correlation=0.62, correlation_low=0.5, correlation_high=0.7,
)  # fmt: skip
SHARES = e.Explained(
    concepts=[
        e.ConceptShare(trial="t2", concept="rose", share=0.61, correlation=0.62),
        e.ConceptShare(trial="t1", concept="stone", share=0.12, correlation=0.3),
    ],
    unexplained=0.27,
    p_value=0.004,
    left=["car", "bus"],
    final=True,
)
BEFORE = [CONTROL if isinstance(event, e.ControlMeasured) else event for event in EVENTS]
VERIFIED = e.Verified(trial="t2", concept="rose", score=SCORE)


def said(*events: e.DurableEvent) -> str:
    return "\n".join(argument(fold([*BEFORE[:-1], *events])))


def test_the_whole_argument() -> None:
    assert said(VERIFIED, SHARES, BEFORE[-1]).split("\n") == [
        "This neuron responds to “rose”, and also to “stone”.",
        "“rose” accounts for 61% of the strong responses, “stone” for 12% more; "
        "nothing that was tried accounts for the other 27%.",
        "Pictures of “car” and “bus” drive the neuron more than that accounts for; they are 2 of its 6 strongest.",
        "A picture of “rose” drives the neuron more than a control picture in 98% of cases "
        "(95% interval 96% to over 99%, on 50 pictures drawn for this alone); how much a picture shows it "
        "correlates with the neuron at 0.62 (0.50 to 0.70). "
        "Of random directions of the layer, less than 1% do as well.",
    ]


def test_too_narrow_a_label_is_called_so_and_what_would_replace_it() -> None:
    ewe = e.Explained(
        concepts=[e.ConceptShare(trial="t2", concept="rose", share=0.08, correlation=0.1)],
        unexplained=0.92,
        p_value=0.2,
        left=["car", "bus", "map", "pear", "dog"],
    )
    text = said(VERIFIED, ewe, BEFORE[-1])
    assert "the label is probably too narrow" in text and narrow(fold([*BEFORE[:-1], ewe]))
    assert "“car”, “bus”, “map” and “pear” and 1 more" not in text
    assert (
        "“car”, “bus”, “map”, “pear” and 1 more drive the neuron more than that accounts for; they are 6 of its 6"
        in text
    )
    assert "What would change this: a concept that also covers “car”, “bus” and “map” would replace it; random" in text


def test_the_label_itself_is_not_among_what_it_leaves_out() -> None:
    shares = msgspec.structs.replace(SHARES, unexplained=0.59, left=["rose", "car", "stone"])
    text = said(VERIFIED, shares, BEFORE[-1])
    assert "Pictures of “car” drive the neuron more than that accounts for" in text
    assert "also covers “car” would" in text


def test_what_was_not_measured_is_marked() -> None:
    text = said(BEFORE[-1])
    assert text.startswith(
        "This neuron responds to “rose”.\nHow much of the neuron this accounts for was not measured."
    )
    assert "show “car”, “pear” and “map”" in text and "too high" in text and "fresh pictures may score lower" in text


def test_a_rival_within_the_interval_is_named() -> None:
    close = e.TrialScored(trial="t1", mean=0.25, auc=0.6, mad=1.0, images=1, correlation=0.55)
    alone = msgspec.structs.replace(SHARES, concepts=SHARES.concepts[:1])
    assert "What would change this: “stone” does as well within the interval." in said(
        VERIFIED, alone, close, BEFORE[-1]
    )
    reject = e.Decided(decision="d9", kind="reject", trial="t1")
    assert "“stone”" not in said(VERIFIED, alone, close, reject, BEFORE[-1])


def test_no_concept_and_no_score_yet() -> None:
    nothing = e.Explained(concepts=[], unexplained=1.0, p_value=0.4)
    text = said(nothing, e.Finished(label=None, trial=None, reason="as null neurons do"))
    assert text.startswith("No concept that was tried accounts for this neuron: as null neurons do.")
    assert "Of random directions of the layer, 40% do as well or better." in text
    assert "Its 6 strongest control pictures show “car”, “pear” and “map”." in text
    assert said() == "" and said(VERIFIED).startswith("So far, this neuron responds to “rose”.")
