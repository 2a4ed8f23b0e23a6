"""Children report their errors as the command line does: one line and a documented exit code."""

from collections.abc import Callable

import pytest

from line_tui.bench import cluster, coverage, layer, method
from line_tui.child_main import exit_code


@pytest.mark.parametrize(
    ("main", "arguments", "code", "told"),
    [
        (layer.main, ["--neurons", "-1"], 2, "argument --neurons: '-1' is not a whole number from 1"),
        (layer.main, ["--apart", "0"], 2, "argument --apart: '0' is not"),
        (method.main, ["--rows", "/nowhere/x"], 6, "cannot write /nowhere/x: No such file or directory"),
        (layer.main, ["--nope"], 2, "unrecognized arguments: --nope — `line-tui bench layer --help` tells how"),
        (coverage.main, ["--runs", "0"], 2, "argument --runs: '0'"),
        (cluster.main, ["--actors", "1", "nan"], 2, "argument --actors: 'nan'"),
        (method.main, ["--only", "adaptve"], 3, "no strategy named 'adaptve' — did you mean adaptive"),
        (layer.main, ["--model", "nope"], 3, "no vision model named 'nope'"),
    ],
)
def test_wrong_arguments_of_a_bench(
    main: Callable[[list[str]], None], arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(lambda: main(arguments)) == code
    err = capsys.readouterr().err
    assert err.startswith("error: ") and told in err and err.count("\n") == 1


def test_ctrl_c_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    assert exit_code(stop) == 130 and capsys.readouterr().err == ""
