import csv
import io

import msgspec
import pytest

from line_tui.explain.state import fold
from line_tui.report.result import result
from line_tui.report.result_csv import to_csv
from tests.nasty import NASTY, VISIBLE, obeyed
from tests.report.test_result import EVENTS


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", NASTY])
def test_no_cell_is_a_formula_nor_obeyed_by_a_terminal(label: str) -> None:
    found = msgspec.structs.replace(
        result(fold(EVENTS), 1.0), label=label, model=label, layer=label, strategy=label, run_id=label
    )
    text = to_csv([found])
    assert obeyed(text) == set()
    (row,) = csv.DictReader(io.StringIO(text))
    for key in ("explanation", "model", "layer"):
        assert row[key][0] in "'[" and (VISIBLE in row[key] or label.strip() in row[key])
