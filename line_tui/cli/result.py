"""A run's result as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from line_tui.errors import UsageError
from line_tui.events import durable
from line_tui.explain.state import fold
from line_tui.plural import counted
from line_tui.report.result import Result, result
from line_tui.sanitize import shown

if TYPE_CHECKING:
    from line_tui.store import Store


def result_of(store: Store, run_id: str) -> Result:
    """The result of a stored run. Raises UsageError for a run that never began."""
    state = fold(durable(store.events(run_id)))
    if state.run is None:
        raise never_began(run_id)
    return result(state, store.run(run_id).seconds)


def never_began(run_id: str) -> UsageError:
    """The error for a run that stored no event."""
    return UsageError(f"run '{run_id}' never started", f"start it with `line-tui explain --resume {run_id}`")


def to_text(run_result: Result) -> str:
    """The label on the first line, its evidence below."""
    lines = [run_result.label or "no concept found"]
    if (score := run_result.score) is not None:
        images = counted(score.images, "image")
        lines.append(f"{score.metric} {score.value:.3f}, AUC {score.auc:.3f}, MAD {score.mad:.2f} on {images}")
        if score.verified:
            lines.append(f"95% interval of the AUC: {score.ci_low:.3f} to {score.ci_high:.3f}, on fresh images")
    for sense in run_result.senses if len(run_result.senses) > 1 else []:
        share = "" if sense.share is None else f" (accounts for {sense.share:.0%} of the strong responses)"
        lines.append(f"sense: {sense.label}{share}")
    if run_result.reason:
        lines.append(run_result.reason)
    return "\n".join(map(shown, lines))
