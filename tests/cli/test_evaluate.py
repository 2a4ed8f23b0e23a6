import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call

ENGINE = (sys.executable, "-m", "line_tui.engine.server")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("neuron,explanation\n9,car\nx,dog\n")
    return path


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    (tmp_path / "grey").mkdir()
    for level in range(40, 200, 20):
        Image.fromarray(np.full((24, 24, 3), level, np.uint8)).save(tmp_path / f"grey/{level}.png")
    return tmp_path / "grey"


def test_an_engine_scores_and_the_command_prints(call: Call, tmp_path: Path, grey: Path) -> None:
    (tmp_path / "mine.csv").write_text("neuron,explanation\n0,strawberry\n1,frog\nx,dog\n")
    options = ("--explanations", str(tmp_path / "mine.csv"), "--control", str(grey), "--images", "4")
    table = call("evaluate", "fake", "fc", *options)
    assert table.code == 0 and "strawberry" in table.out and "natural images, CoSy's protocol" in table.out
    assert "drawing strawberry" in table.err and "line 4: 'x' is not the number of a neuron" in table.err
    (report,) = json.loads("[" + call("evaluate", "fake", "fc", *options, "--json").out + "]")
    assert report["metrics"] == ["auc", "mad"] and [one["neuron"] for one in report["files"][0]["scored"]] == [0, 1]
    lines = call("evaluate", "fake", "fc", *options, "--csv").out.splitlines()
    assert lines[0].startswith("file,neuron,explanation,auc,") and ",1,frog," in lines[2]


def test_two_outputs_are_too_many(call: Call, labels: Path) -> None:
    called = call("evaluate", "m", "fc", "--explanations", str(labels), "--csv", "--json")
    assert called.code == 2
    assert "choose one" in called.err


def test_a_pipe_is_no_file(call: Call) -> None:
    ours, theirs = os.pipe()
    called = call("evaluate", "fake", "fc", "--explanations", f"/dev/fd/{ours}")
    os.close(ours)
    os.close(theirs)
    assert called.code == 2 and f"/dev/fd/{ours} is not a regular file — save it" in called.err


def test_an_unknown_model_is_reported_in_one_line(call: Call, labels: Path) -> None:
    called = call("evaluate", "fakes", "fc", "--explanations", str(labels))
    assert called.code == 3
    assert "did you mean fake?" in called.err and "Traceback" not in called.err


def test_bad_rows_are_named_and_the_rest_is_scored(call: Call, labels: Path) -> None:
    called = call(
        "evaluate", "emoji-resnet18", "fc", "--explanations", str(labels), "--images", "2", "--csv", engine=ENGINE
    )
    assert called.code == 0
    lines = called.out.splitlines()
    assert lines[0] == "file,neuron,explanation,auc_bank,ci_low,ci_high,mad_bank,p_value,images,correlation,auprc,f1"
    assert len(lines) == 2 and ",9,car," in lines[1]
    assert "line 3: 'x' is not the number of a neuron" in called.err
