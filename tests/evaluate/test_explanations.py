from pathlib import Path
from typing import Any

import pytest

from line_tui.errors import UsageError
from line_tui.evaluate.explanations import BadRow, Explanation, read_explanations


def read(tmp_path: Path, text: str, layer: str = "fc", neurons: int = 10) -> Any:
    path = tmp_path / "explanations.csv"
    path.write_text(text)
    return read_explanations(path, layer, neurons)


@pytest.mark.parametrize(
    "text",
    [
        "neuron,explanation\n3,red apple\n",
        "layer,unit,description,similarity\nfc,3,red apple,0.21\n",
        "layer,unit,description\nfc,3,red apple\n",
        "neuron,concept,iou,auc\n3,red apple,0.1,0.9\n",
        "\ufeffNeuron, Explanation\n3, red apple\n",
    ],
)
def test_headers_of_each_method(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).rows == [Explanation(3, "red apple")]


def test_other_layers_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "layer,unit,description\nlayer4,1,dog\nfc,2,cat\n")
    assert found.rows == [Explanation(2, "cat")]
    assert found.other_layers == 1


def test_bad_rows_are_named_by_line_and_the_rest_is_read(tmp_path: Path) -> None:
    found = read(
        tmp_path, 'neuron,explanation\n1,"one\nor two"\nx,dog\n\n10,cat\n2,\n3\n1,One or two\n4,fine\n1,again\n'
    )
    assert found.rows == [Explanation(1, "one or two"), Explanation(4, "fine"), Explanation(1, "again")]
    assert found.bad == [
        BadRow(4, "'x' is not the number of a neuron"),
        BadRow(6, "there is no neuron 10, the layer has 10"),
        BadRow(7, "neuron 2 has no explanation"),
        BadRow(8, "1 columns, fewer than the header"),
        BadRow(9, "neuron 1 already has this explanation"),
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "neuron,score\n1,2\n"])
def test_an_unknown_header_is_an_error_that_names_the_known_ones(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="neuron,explanation"):
        read(tmp_path, text)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UsageError, match="cannot be read"):
        read_explanations(path, "fc", 10)


@pytest.mark.parametrize("number", ["3.0", "3", " 3 ", "003", "3.", "+3"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_numbers_and_tables_as_other_programs_write_them(tmp_path: Path, number: str, delimiter: str) -> None:
    text = f"neuron{delimiter}explanation\n{number}{delimiter}red apple\n"
    assert read(tmp_path, text).rows == [Explanation(3, "red apple")]


@pytest.mark.parametrize("number", ["3.5", "-1", "²", "nan", "inf", "9" * 5000, "", "x"])
def test_a_file_that_explains_nothing_is_an_error(tmp_path: Path, number: str) -> None:
    with pytest.raises(UsageError, match="explains no neuron of layer 'fc': line 2: ") as error:
        read(tmp_path, f"neuron,explanation\n{number},red apple\n")
    assert len(str(error.value)) < 400
    with pytest.raises(UsageError, match="all 1 rows are about other layers"):
        read(tmp_path, "layer,neuron,explanation\nlayer4,3,dog\n")
    with pytest.raises(UsageError, match="it has only a header"):
        read(tmp_path, "neuron,explanation\n")
