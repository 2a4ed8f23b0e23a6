from pathlib import Path

import msgspec
import pytest

from line_tui.evaluate.request import Request
from tests.cli.conftest import Call


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("neuron,explanation\n9,car\nx,dog\n")
    return path


def test_the_request_goes_to_a_process_of_its_own(call: Call, labels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[str, ...]] = []

    def fake(*command: str) -> int:
        commands.append(command)
        return 4

    monkeypatch.setattr("line_tui.cli.evaluate.run_child", fake)
    called = call("evaluate", "m", "fc", "--explanations", str(labels), "--images", "7", "--csv")
    assert called.code == 4
    request = msgspec.json.decode(commands[0][-1], type=Request)
    assert (request.model, request.layer, request.images, request.output) == ("m", "fc", 7, "csv")
    assert request.explanations == [str(labels.resolve())]


def test_two_outputs_are_too_many(call: Call, labels: Path) -> None:
    called = call("evaluate", "m", "fc", "--explanations", str(labels), "--csv", "--json")
    assert called.code == 2
    assert "choose one" in called.err


def test_an_unknown_model_is_told_in_one_line(call: Call, labels: Path) -> None:
    called = call("evaluate", "emoji-resnet81", "fc", "--explanations", str(labels))
    assert called.code == 3
    assert "emoji-resnet18" in called.err and "Traceback" not in called.err


def test_bad_rows_are_named_and_the_rest_is_scored(call: Call, labels: Path) -> None:
    called = call("evaluate", "emoji-resnet18", "fc", "--explanations", str(labels), "--images", "2", "--csv")
    assert called.code == 0
    lines = called.out.splitlines()
    assert lines[0] == "file,neuron,explanation,auc_bank,ci_low,ci_high,mad_bank,p_value,images,correlation,auprc,f1"
    assert len(lines) == 2 and ",9,car," in lines[1]
    assert "line 3: 'x' is no neuron's number" in called.err
