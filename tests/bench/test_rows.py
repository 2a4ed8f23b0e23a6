from pathlib import Path

from line_tui.bench.rows import RowFile, row_of
from line_tui.explain.adaptive import Adaptive
from tests.explain.runs import Run
from tests.fakes import FakeEmbedder, FakeLanguage


def test_a_run_becomes_a_row() -> None:
    state = Run(
        FakeLanguage(["rose", "strawberry"]), Adaptive(FakeEmbedder()), kind="adaptive", metric="correlation"
    ).go()
    row = row_of(state, "fc", 0, "adaptive", 1.234, correlation=0.5)
    assert row.label == "tomato" and row.origin == "vocabulary" and row.correlation == 0.5
    assert row.report_images == 50 and 0 < row.search_images <= 35
    assert row.calls >= row.refused
    assert row.auc is not None and row.auc > 0.9 and row.ci_low is not None and row.ci_low < 1
    assert row.seconds == 1.23


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    rows = RowFile(tmp_path / "rows.jsonl")
    assert rows.read() == []
    row = row_of(Run().go(), "fc", 0, "published, mean", 1.0)
    rows.append(row)
    rows.append(row)
    rows.path.write_bytes(rows.path.read_bytes()[:-20])
    assert rows.read() == [row]
