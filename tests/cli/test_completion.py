"""What the shell completes: nothing that would have to be imported or built first."""

import click
from click.shell_completion import ShellComplete

from line_tui.cli.main import cli
from line_tui.layers import LayerInfo
from line_tui.models.layer_cache import LayerCache
from tests.cli.conftest import Call

FC = LayerInfo(name="fc", kind="Linear", shape=[3], neurons=3, pooling="none", names=["red", "green", "blue"])
CONV = LayerInfo(name="conv", kind="Conv2d", shape=[12, 1, 1], neurons=12, pooling="mean")


def completed(*words: str) -> list[str]:
    completion = ShellComplete(cli, {}, "line-tui", "_LINE_TUI_COMPLETE")
    return [item.value for item in completion.get_completions(list(words[:-1]), words[-1])]


def test_layers_and_neurons_that_were_listed_before(call: Call) -> None:
    assert completed("explain", "resnet50", "") == []
    LayerCache().keep("resnet50", [FC, CONV])
    for command in ("explain", "neurons", "senses", "evaluate", "maximise"):
        assert completed(command, "resnet50", "") == ["fc", "conv"]
    assert completed("explain", "resnet50", "c") == ["conv"]
    assert completed("explain", "resnet50", "fc", "") == ["all", "random:20", "0", "1", "2", "red", "green", "blue"]
    assert completed("explain", "resnet50", "conv", "1") == ["1", "10", "11"]


def test_a_typing_error_is_answered_with_the_nearest_command(call: Call) -> None:
    for words, near in {
        ("explian",): "explain",
        ("runs", "shwo"): "show",
        ("config", "pth"): "path",
        ("models", "lst"): "list",
        ("bench", "metod"): "method",
    }.items():
        done = call(*words)
        assert done.code == 2 and f"did you mean {near}" in done.err, done.err
    assert "there are delete, export, note" in call("runs", "zzz").err
    assert isinstance(cli, click.Group)
