"""Reads explanations of neurons from CSV files of several tools."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from line_tui.errors import UsageError
from line_tui.sanitize import as_concept

NEURON_COLUMNS = ("neuron", "unit")
LABEL_COLUMNS = ("explanation", "description", "concept", "label")
LAYER_COLUMN = "layer"
_MOST = 1e9
KNOWN = "`neuron,explanation`, `layer,unit,description[,similarity]` and `neuron,concept,...`"


@dataclass(frozen=True)
class Explanation:
    """One explanation of a neuron."""

    neuron: int
    text: str
    line: int = field(default=0, compare=False)
    """Line in the file; the header is line 1."""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be scored; `line` counts from 1, the header being the first."""

    line: int
    cause: str


@dataclass(frozen=True)
class Explanations:
    """A file's explanations of one layer."""

    path: Path
    rows: list[Explanation]
    bad: list[BadRow]
    other_layers: int
    """Number of rows about other layers."""


def read_explanations(path: Path, layer: str, neurons: int) -> Explanations:
    """Read a file with a header: ours, CLIP-Dissect's, MILAN's or INVERT's.

    `layer` selects rows if the file names layers; `neurons` is the layer's number of neurons. A neuron may have several
    explanations, which are then compared; duplicates count once. Raises UsageError if the file cannot be read or has
    none of the known headers.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            # Spreadsheets in many locales separate by semicolons.
            first = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(file, delimiter=delimiter)
            header = [name.strip().lower() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}", "name a CSV file in UTF-8") from error
    neuron_column = _column(path, header, NEURON_COLUMNS)
    label_column = _column(path, header, LABEL_COLUMNS)
    layer_column = header.index(LAYER_COLUMN) if LAYER_COLUMN in header else None
    explanations: dict[tuple[int, str], Explanation] = {}
    bad: list[BadRow] = []
    others = 0
    for line, row in rows:
        if layer_column is not None and len(row) > layer_column and row[layer_column].strip() != layer:
            others += 1
            continue
        cause, neuron, text = _parse(row, neuron_column, label_column, neurons)
        if cause is None and (neuron, text.casefold()) in explanations:
            cause = f"neuron {neuron} already has this explanation"
        if cause is not None:
            bad.append(BadRow(line, cause))
        else:
            explanations[neuron, text.casefold()] = Explanation(neuron, text, line)
    if not explanations:
        reason = f"line {bad[0].line}: {bad[0].cause}" if bad else f"all {others} rows are about other layers"
        raise UsageError(
            f"{path} explains no neuron of layer '{layer}': {reason if rows else 'it has only a header'}",
            "correct the file, or name the layer it is about",
        )
    return Explanations(path, list(explanations.values()), bad, others)


def _column(path: Path, header: list[str], names: tuple[str, ...]) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    raise UsageError(f"{path} has no column {' or '.join(names)}", f"known headers are {KNOWN}")


def _parse(row: list[str], neuron_column: int, label_column: int, neurons: int) -> tuple[str | None, int, str]:
    if len(row) <= max(neuron_column, label_column):
        return f"{len(row)} columns, fewer than the header", -1, ""
    number, text = row[neuron_column].strip(), as_concept(row[label_column])
    neuron = _integer(number)
    if neuron is None:
        return f"'{number[:40]}' is not the number of a neuron", -1, ""
    if neuron >= neurons:
        return f"there is no neuron {neuron}, the layer has {neurons}", -1, ""
    if not text:
        return f"neuron {neuron} has no explanation", -1, ""
    return None, neuron, text


def _integer(number: str) -> int | None:
    """A non-negative integer; pandas writes 3.0 in columns with missing values."""
    try:
        value = float(number)
    except ValueError:
        return None
    return int(value) if value.is_integer() and 0 <= value < _MOST else None
