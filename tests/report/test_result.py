"""The result of a hand-made run, field by field."""

import csv
import io
from typing import Any

import msgspec
import pytest

from line_tui import events as e
from line_tui.explain.state import RunState, fold
from line_tui.report.result import Result, result
from line_tui.report.result_csv import to_csv
from tests.fakes import SETTINGS

SPEC = e.RunSpec(model="m", layer="fc", neuron=7, strategy="published", seed=3, metric="auc")
COST = e.LanguageCost(prompt_tokens=100, evaluated_tokens=20, completion_tokens=3, seconds=0.5)


def image(trial: str, index: int, activation: float, *, cached: bool = False) -> e.ImageScored:
    record = e.ImageRecord(identity=f"{trial}{index}", path=f"/x/{trial}{index}.png", prompt="a rose", seed=index)
    return e.ImageScored(
        trial=trial,
        concept="rose" if trial == "t2" else "stone",
        index=index,
        image=record,
        activation=activation,
        cached=cached,
        draw_seconds=0.0 if cached else 2.0,
        look_seconds=0.25,
    )


EVENTS: list[e.DurableEvent] = [
    e.RunStarted(run_id="r", spec=SPEC, settings=SETTINGS),
    e.ModelsLoaded(seconds=4.0),
    e.ControlMeasured(bank_id="b", concepts=["map"], activations=[[0.0]], drawn=1, missing=3, seconds=3.0),
    e.Proposed(trial="t1", concept="stone", origin="vocabulary", iteration=0),
    image("t1", 0, 0.25),
    e.TrialScored(trial="t1", mean=0.25, auc=0.6, mad=1.0, images=1),
    e.ProposalRefused(text="stone", iteration=1, attempt=0, reason="tried already", cost=COST),
    e.Proposed(trial="t2", concept="flower", origin="llm", iteration=1, cost=COST),
    e.Decided(decision="d", kind="edit", trial="t2", concept="rose"),
    image("t2", 0, 0.75),
    image("t2", 1, 0.5, cached=True),
    e.TrialScored(trial="t2", mean=0.625, auc=0.9, mad=2.0, images=2),
    e.Decided(decision="mine", kind="add", concept="tulip"),
    e.Decided(decision="d2", kind="reject", trial="mine"),
    e.ModelsLoaded(seconds=1.0),
    e.Finished(label="rose", trial="t2", reason="highest score"),
]


def state(*more: e.DurableEvent) -> RunState:
    return fold([*EVENTS, *more])


def plain(found: Result) -> dict[str, Any]:
    """As the JSON has it."""
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    return decoded


def test_what_the_run_found() -> None:
    found = plain(result(state(), total_seconds=60.0))
    assert (found["run_id"], found["neuron"], found["pooling"], found["status"]) == ("r", 7, "none", "finished")
    assert (found["label"], found["reason"]) == ("rose", "highest score")
    assert found["bank"] == {"id": "b", "concepts": 1, "missing": 3}
    assert found["score"] == {
        "metric": "auc",
        "value": 0.9,
        "verified": False,
        "auc": 0.9,
        "mad": 2.0,
        "images": 2,
        "ci_low": None,
        "ci_high": None,
        "p_value": None,
        "correlation": None,
        "correlation_low": None,
        "correlation_high": None,
    }
    assert [(t["concept"], t["origin"], t["score"], t["verdict"]) for t in found["trials"]] == [
        ("stone", "vocabulary", 0.6, "open"),
        ("rose", "llm", 0.9, "open"),
        ("tulip", "user", None, "rejected"),
    ]
    assert found["trials"][0]["images"] == [
        {"path": "/x/t10.png", "seed": 0, "prompt": "a rose", "activation": 0.25, "purpose": "search"}
    ]
    assert "pooling" not in found["settings"] and found["settings"]["batch_size"] == 4


def test_what_it_cost() -> None:
    assert plain(result(state(), total_seconds=60.0))["cost"] == {
        "llm_calls": 2,
        "prompt_tokens": 200,
        "evaluated_tokens": 40,
        "completion_tokens": 6,
        "images": 3,
        "images_drawn": 2,
        "control_images": 1,
        "seconds": {"load": 5.0, "llm": 1.0, "control": 3.0, "generate": 4.0, "score": 0.75, "total": 60.0},
    }


def test_a_verified_score_takes_the_place_of_the_searchs() -> None:
    score = e.VerifiedScore(
        auc=0.8,
        mad=1.5,
        mean=0.4,
        images=50,
        ci_low=0.7,
        ci_high=0.88,
        p_value=0.001,
        correlation=0.5,
        correlation_low=0.4,
        correlation_high=0.6,
    )
    share = e.ConceptShare(trial="t2", concept="rose", share=0.5, correlation=0.6)
    events = [*EVENTS[:-1], e.Verified(trial="t2", concept="rose", score=score)]
    events += [e.Explained(concepts=[share], unexplained=0.5, p_value=0.01, left=["tulip"], final=True)]
    events += [e.SenseFound(label="rose", trial="t2", concepts=["rose", "tulip"], score=score, share=0.5)]
    found = plain(result(fold([*events, EVENTS[-1]]), total_seconds=1.0))
    assert found["score"] == {"metric": "auc", "value": 0.8, "verified": True, "auc": 0.8, "mad": 1.5, "images": 50} | {
        "ci_low": 0.7,
        "ci_high": 0.88,
        "p_value": 0.001,
        "correlation": 0.5,
        "correlation_low": 0.4,
        "correlation_high": 0.6,
    }
    assert found["senses"][0]["share"] == found["senses"][0]["coverage"] == 0.5 and found["senses"][0]["auc"] == 0.8
    assert found["explanation"] == {
        "concepts": [{"concept": "rose", "share": 0.5, "correlation": 0.6}],
        "unexplained": 0.5,
        "p_value": 0.01,
        "features": "",
        "left": ["tulip"],
        "final": True,
    }


def test_minimal_pairs_with_what_they_cost_and_whether_they_can_be_seen() -> None:
    image = e.ImageRecord(identity="i", path="i.png", prompt="a rose", seed=1)
    side = e.PairSide(image=image, activation=0.5)
    pair = e.MinimalPairMeasured(
        concept="rose",
        variant="",
        kind="drop",
        before=[side],
        after=[side],
        relative_drop=0.25,
        p_value=0.5,
        discriminability=0.75,
    )
    [found] = plain(result(fold([*EVENTS[:-1], pair, EVENTS[-1]]), total_seconds=1.0))["minimal_pairs"]
    assert (found["variant"], found["lost"], found["told_apart"]) == ("", 0.25, 0.75)
    assert found["before"] == found["after"] == [{"path": "i.png", "activation": 0.5}]


def test_a_run_without_a_label() -> None:
    none = result(fold([*EVENTS[:-1], e.Finished(label=None, trial=None, reason="no effect")]), total_seconds=1.0)
    assert none.label is None and none.score is None and none.reason == "no effect"
    cut_off = result(fold(EVENTS[:5]), total_seconds=1.0)
    assert (cut_off.status, cut_off.label, cut_off.reason) == ("running", None, None)
    with pytest.raises(ValueError, match="first event"):
        result(RunState(), total_seconds=0.0)


def test_csv_begins_with_neuron_and_explanation() -> None:
    done = result(state(), total_seconds=1.0)
    odd = msgspec.structs.replace(done, label='a "rose", red\nor so', neuron=8)
    none = result(fold(EVENTS[:5]), total_seconds=1.0)
    text = to_csv([done, odd, none])
    assert text.startswith("neuron,explanation,name,score,metric,auc,ci_low,ci_high,mad,")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["explanation"] for row in rows] == ["rose", 'a "rose", red or so', ""]
    assert (rows[0]["score"], rows[0]["images"], rows[2]["score"]) == ("0.9", "2", "")
    judged = fold([e.Judged(judgement="too narrow", label="rose")], state())
    (row,) = csv.DictReader(io.StringIO(to_csv([result(judged, total_seconds=1.0)])))
    assert (row["judgement"], rows[0]["judgement"]) == ("too narrow", "")
