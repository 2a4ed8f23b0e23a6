"""Results as CSV, one row per run; `neuron,explanation` come first, as other tools expect."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from line_tui.report.result import Result
from line_tui.sanitize import shown

COLUMNS = [
    *("neuron", "explanation", "name", "score", "metric", "auc", "ci_low", "ci_high", "mad", "p_value"),
    *("correlation", "correlation_low", "correlation_high", "share", "unexplained", "images"),
    *("judgement", "model", "layer", "strategy", "run_id"),
]
"""As in `Result`; `share` is the label's, `judgement` the user's verdict."""
_OF_SCORE = (
    *("metric", "auc", "ci_low", "ci_high", "mad", "p_value", "images"),
    *("correlation", "correlation_low", "correlation_high"),
)


def to_csv(results: Iterable[Result]) -> str:
    """Results as CSV with a header; a run without a label has an empty explanation."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for result in results:
        score, explanation = result.score, result.explanation
        shares = {one.concept: one.share for one in explanation.concepts} if explanation else {}
        writer.writerow(
            {
                "neuron": result.neuron,
                "explanation": _inert(result.label or ""),
                "score": score.value if score else "",
                "name": _inert(result.name or ""),
                **{key: _given(getattr(score, key, None)) for key in _OF_SCORE},
                "share": _given(shares.get(result.label or "")),
                "unexplained": _given(explanation.unexplained if explanation else None),
                "judgement": result.judgement or "",
                **{key: _inert(getattr(result, key)) for key in ("model", "layer", "strategy", "run_id")},
            }
        )
    return text.getvalue()


def _given(value: object) -> object:
    return "" if value is None else value


def _inert(cell: str) -> str:
    """Text that is safe in terminals and in spreadsheets, which would read some cells as formulas."""
    return f"'{shown(cell)}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else shown(cell)
