import shlex

from line_tui.cli.explain import explain
from line_tui.events import RunSpec
from line_tui.report.reproduction import command_line


def test_defaults_are_left_out() -> None:
    assert command_line(RunSpec(model="resnet50", layer="avgpool", neuron=3)) == "line-tui explain resnet50 avgpool 3"


def test_a_model_in_memory_is_explained_in_python() -> None:
    spec = RunSpec(model="Net", layer="fc", neuron=3, seed=5, profile="mine", sources="memory:0123")
    assert command_line(spec) == "# in Python: line_tui.explain(Net, 'fc', 3, profile='mine', seed=5)"


def test_the_command_line_understands_it() -> None:
    spec = RunSpec(
        model="my model",
        layer="fc",
        neuron=7,
        profile="small gpu",
        strategy="published",
        metric="auc",
        seed=5,
        iterations=3,
        images=9,
    )
    words = shlex.split(command_line(spec))
    context = explain.make_context("explain", words[2:])
    for name in ("model", "layer", "neuron", "profile", "strategy", "metric", "seed", "iterations", "images"):
        assert str(context.params[name]) == str(getattr(spec, name)), name
