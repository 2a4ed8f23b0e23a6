import msgspec
import pytest

from line_tui.bench.rows import Row
from line_tui.bench.table import BASELINE, Difference, Share, print_table, summary


def row(neuron: int, contestant: str, auc: float | None, **fields: object) -> Row:
    usual: dict[str, object] = {
        "part": "planted",
        "kind": "single",
        "right": True,
        "label": "x" if auc is not None else None,
        "mad": None if auc is None else 2.0,
        "search_images": 35,
        "report_images": 50,
        "drawn": 10,
        "calls": 10,
        "refused": 2,
        "seconds": 1.0,
    }
    return Row(neuron=neuron, contestant=contestant, auc=auc, **(usual | fields))  # type: ignore[arg-type]


def test_differences_are_paired_with_the_baseline() -> None:
    rows = [row(n, BASELINE, auc, correlation=0.5) for n, auc in enumerate([0.8, 0.9, 0.99])]
    rows += [row(n, "ours", auc, correlation=0.6 if n else None) for n, auc in enumerate([0.9, 1.0, 0.99])]
    ours = summary(rows)[1]
    assert ours.contestant == "ours"
    assert ours.to_baseline.neurons == 3 and ours.to_baseline.mean == pytest.approx(0.2 / 3)
    assert ours.correlation == 0.6
    assert ours.correlation_to_baseline.neurons == 2 and ours.correlation_to_baseline.mean == pytest.approx(0.1)
    assert summary(rows)[0].to_baseline.mean == 0


def test_a_neuron_that_only_one_of_them_has_is_no_pair() -> None:
    assert summary([row(0, BASELINE, 0.9), row(1, "ours", 0.9)])[1].to_baseline == Difference(0)


def test_shares_count_the_units_that_they_are_about() -> None:
    rows = [
        row(0, "ours", 0.9, withheld=True),
        row(1, "ours", 0.9, right=False, senses=["a", "b"]),
        row(2, "ours", 0.9, kind="two senses", senses_found=[True, True]),
        row(3, "ours", 0.9, kind="two senses", senses_found=[True, False]),
        row(4, "ours", None, kind="dead", right=None),
        row(5, "ours", 0.9, kind="noise", right=None),
        row(6, "ours", None, right=False),
    ]
    (found,) = summary(rows)
    assert found.right == Share(1, 3)
    assert found.right_withheld == Share(1, 1)
    assert found.both_senses == Share(1, 2)
    assert found.false_senses == Share(1, 3)
    assert found.barren_found_empty == Share(1, 2)
    assert found.live_found_empty == Share(1, 5)
    assert found.refused == pytest.approx(0.2)


def test_scores_of_null_units_are_in_no_mean() -> None:
    rows = [row(0, "ours", 0.5, kind="noise", right=None), row(1, "ours", 0.9)]
    assert summary(rows)[0].auc == 0.9


def test_the_summary_is_json_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    found = summary([row(0, BASELINE, 0.9), row(1, BASELINE, 0.95), row(0, "ours", None), row(1, "ours", 0.97)])
    assert b'"contestant":"ours"' in msgspec.json.encode(found)
    print_table(found)
    assert "ours" in capsys.readouterr().out
