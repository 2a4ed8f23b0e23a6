import csv
import io

import pytest

from line_tui.report.result_csv import to_csv
from tests.nasty import NASTY, VISIBLE, obeyed


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", NASTY])
def test_no_cell_is_a_formula_nor_obeyed_by_a_terminal(label: str) -> None:
    result = {"neuron": 3, "label": label, "score": None}
    result |= dict.fromkeys(("model", "layer", "strategy", "run_id"), label)
    text = to_csv([result])
    assert obeyed(text) == set()
    (row,) = csv.DictReader(io.StringIO(text))
    for key in ("explanation", "model", "layer"):
        assert row[key][0] in "'[" and (VISIBLE in row[key] or label.strip() in row[key])
