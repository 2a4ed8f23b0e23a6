import json

from tests.cli.conftest import Call


def test_layers_and_neurons(call: Call) -> None:
    lines = call("layers", "fake").out.splitlines()
    assert lines[0].split() == ["layer", "kind", "shape", "neurons", "pooling"]
    assert lines[2].split() == ["conv", "Fake", "3", "x", "4", "x", "4", "3", "none"]
    assert [layer["name"] for layer in json.loads(call("layers", "fake", "--json").out)] == ["fc", "conv"]
    assert call("neurons", "fake", "fc").out.split() == ["neuron", "name", "0", "red", "1", "green", "2", "blue"]
    listed = json.loads(call("neurons", "fake", "fc", "--json").out)
    assert (listed[2]["neuron"], listed[2]["name"], listed[2]["run_id"]) == (2, "blue", None)


def test_names_that_do_not_exist(call: Call) -> None:
    for arguments in (("layers", "fak"), ("neurons", "fak", "fc"), ("neurons", "fake", "fcc")):
        done = call(*arguments)
        assert (done.code, done.out) == (3, "") and "did you mean" in done.err
