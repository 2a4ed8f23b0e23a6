"""`line-tui maximise`: the engine climbs, the command writes the picture and compares."""

import json
import sys
from pathlib import Path

from line_tui.png import read_png
from tests.cli.conftest import Call

ENGINE = (sys.executable, "-m", "line_tui.engine.server")


def test_the_picture_is_written_and_compared(call: Call, tmp_path: Path) -> None:
    picture = tmp_path / "7.png"
    called = call(
        "maximise", "emoji-resnet18", "avgpool", "7", "--steps", "3", "--to", str(picture), "--json", engine=ENGINE
    )
    assert called.code == 0, called.err
    found = json.loads(called.out)
    assert (found["neuron"], found["steps"], found["picture"], found["generated"]) == (7, 3, str(picture), None)
    assert read_png(picture) is not None


def test_a_place_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    where = str(tmp_path / "nowhere/7.png")
    called = call("maximise", "emoji-resnet18", "avgpool", "7", "--steps", "1", "--to", where, engine=ENGINE)
    assert called.code == 6 and "choose another --to" in called.err and "Traceback" not in called.err


def test_what_has_no_gradients(call: Call) -> None:
    called = call("maximise", "fake", "fc", "green")
    assert called.code == 2 and called.err.startswith("error: ") and "is a black box" in called.err
    called = call("maximise", "fake", "fc", "nan")
    assert called.code == 3 and "no neuron of fc named 'nan'" in called.err
    called = call("maximise", "fake", "fc", "9", "--steps", "0")
    assert called.code == 2 and "'--steps': it must be from 1 to 100000, not 0" in called.err
    called = call("maximise", "fake", "fc", "9")
    assert called.code == 3 and "has no neuron 9" in called.err
