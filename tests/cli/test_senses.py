import json

from tests.cli.conftest import Call


def test_the_senses_of_a_layer_from_its_stored_runs(call: Call) -> None:
    told = call("explain", "fake", "fc", "all", "--iterations", "1").err
    assert "one by one: line-tui senses fake fc" in told
    report = json.loads(call("senses", "fake", "fc", "--json").out)
    assert report["neurons"] == 3 and {one["neuron"] for one in report["each"]} == {0, 1, 2}
    assert sum(report["by_senses"].values()) + report["without_concept"] == 3
    shown = call("senses", "fake", "fc")
    assert shown.code == 0 and shown.out.splitlines()[0].split()[:2] == ["neuron", "senses"]
    for one in report["each"]:
        for sense in one["senses"]:
            assert sense["label"] in shown.out


def test_a_layer_that_nobody_explained(call: Call) -> None:
    none = call("senses", "emoji-resnet18", "fc")
    assert none.code == 3
    assert "line-tui explain emoji-resnet18 fc random:20" in none.err
    unknown = call("senses", "emoji-resnet81", "fc")
    assert unknown.code == 3 and "no vision model named 'emoji-resnet81' — did you mean emoji-resnet18" in unknown.err
    unknown = call("senses", "emoji-resnet18", "fcc")
    assert unknown.code == 3 and "did you mean fc?" in unknown.err


def test_runs_of_the_published_strategy_have_no_senses(call: Call) -> None:
    call("explain", "fake", "fc", "0", "--iterations", "1", "--strategy", "published")
    assert call("senses", "fake", "fc").code == 3
