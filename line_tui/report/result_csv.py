"""Results as CSV, one run a row: `neuron,explanation` first, as other tools of the field read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from line_tui.text import shown_lines

COLUMNS = ["neuron", "explanation", "score", "metric", "auc", "mad", "images", "model", "layer", "strategy", "run_id"]


def to_csv(results: Iterable[Mapping[str, Any]]) -> str:
    """Results of `result_json.result` as CSV with a header; a run without a label has an empty explanation."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for result in results:
        score = result["score"] or {}
        writer.writerow(
            {
                "neuron": result["neuron"],
                "explanation": _inert(result["label"] or ""),
                "score": score.get("value", ""),
                **{key: score.get(key, "") for key in ("metric", "auc", "mad", "images")},
                **{key: _inert(result[key]) for key in ("model", "layer", "strategy", "run_id")},
            }
        )
    return text.getvalue()


def _inert(cell: str) -> str:
    """A text that neither a terminal nor a spreadsheet obeys: there, a cell that begins so is a formula."""
    return f"'{shown_lines(cell)}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else shown_lines(cell)
