"""One contestant's result for one neuron, and the file of all results."""

from __future__ import annotations

from pathlib import Path

import msgspec

from line_tui.errors import StoreError
from line_tui.explain.state import RunState


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A contestant's result for a neuron; images and calls are this run's, cached or not."""

    part: str
    neuron: int
    contestant: str
    kind: str = ""
    withheld: bool = False
    label: str | None
    origin: str = ""
    reason: str = ""
    auc: float | None = None
    mad: float | None = None
    correlation: float | None = None
    """Two-sided score of the label on the same pictures."""
    p_value: float | None = None
    unexplained: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    search_images: int
    report_images: int
    drawn: int
    """Images drawn for this run and not for an earlier neuron or contestant."""
    calls: int
    refused: int
    seconds: float
    senses: list[str] = []
    right: bool | None = None
    senses_found: list[bool] = []


def row_of(
    state: RunState, part: str, neuron: int, contestant: str, seconds: float, correlation: float | None = None
) -> Row:
    """Summarise a finished run."""
    images = [image for trial in state.trials.values() for image in trial.images]
    outcome, score = state.outcome, state.verified and state.verified.score
    label = outcome.label if outcome else None
    trial = state.trials[outcome.trial] if outcome and outcome.trial else None
    return Row(
        part=part,
        neuron=neuron,
        contestant=contestant,
        label=label,
        origin=trial.origin if trial else "",
        reason=outcome.reason if outcome else "",
        auc=score.auc if score else None,
        mad=score.mad if score else None,
        correlation=correlation,
        p_value=state.explanation.p_value if state.explanation else None,
        unexplained=state.explanation.unexplained if state.explanation else None,
        ci_low=score.ci_low if score else None,
        ci_high=score.ci_high if score else None,
        search_images=sum(image.purpose != "report" for image in images),
        report_images=sum(image.purpose == "report" for image in images),
        drawn=sum(not image.cached for image in images),
        calls=state.calls,
        refused=len(state.refusals),
        seconds=round(seconds, 2),
        senses=[sense.label for sense in state.senses],
    )


class RowFile:
    """Rows as JSON lines; an interrupted bench continues after the last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Create the file if there is none. Raises StoreError if it cannot be written."""
        try:
            self.path.open("ab").close()
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}", "choose another --rows") from error

    def read(self) -> list[Row]:
        """All complete rows; an incomplete last line is left out."""
        rows: list[Row] = []
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        for line in lines:
            try:
                rows.append(msgspec.json.decode(line, type=Row))
            except msgspec.DecodeError:
                continue
        return rows

    def append(self, row: Row) -> None:
        """Append a row."""
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
