import json
import sys

import pytest

from line_tui.cli.explain_many import BatchProgress, savings_summary
from tests.cli.conftest import Call


def test_many_neurons_are_explained_once(call: Call) -> None:
    first = call("explain", "fake", "fc", "0-1", "--iterations", "1")
    assert first.code == 0
    lines = first.out.splitlines()
    assert lines[0].startswith("neuron,explanation")
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1"]
    assert (
        "neuron 0: " in first.err and "neuron 1: " in first.err and "2/2  " in first.err and "a minute, " in first.err
    )
    more = call("explain", "fake", "fc", "all", "--iterations", "1", "--json")
    found = [json.loads(line) for line in more.out.splitlines()]
    assert [result["neuron"] for result in found] == [0, 1, 2]
    assert more.err.count("done before") == 2
    # With another seed it is another run.
    assert "done before" not in call("explain", "fake", "fc", "0,1", "--iterations", "1", "--seed", "1").err
    assert {result["run_id"] for result in found[:2]} == {line.split(",")[-1] for line in lines[1:]}


def test_the_savings_are_reported() -> None:
    assert savings_summary([9, 9]) == "18 images drawn for 2 neurons"
    assert "80 each for the first 5, 20 for the last 5" in savings_summary([80] * 5 + [20] * 5)


def test_the_pace_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 30.0, 30.0, 40.0])
    monkeypatch.setattr("line_tui.cli.explain_many.time.monotonic", lambda: next(now))
    progress = BatchProgress(10)
    progress.count("before")
    progress.count("explained")
    assert progress.rate() == "1.5 a minute, 5 min 20 s left"


def test_what_ray_needs_is_reported_in_one_line(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    called = call("explain", "fake", "fc", "all", "--ray")
    assert called.code == 2 and len(called.err.splitlines()) == 1 and "pip install 'line-tui[ray]'" in called.err
    refused = call("explain", "fake", "fc", "all", "--ray", "ray://head:10001")
    assert refused.code == 2 and "is not HOST:PORT" in refused.err
