"""Prints a report as tables or CSV, and bad rows and skipped pictures to stderr."""

from __future__ import annotations

import csv
import io
import sys

from rich.table import Table
from rich.text import Text

from line_tui.consoles import PlainConsole
from line_tui.evaluate.request import Report
from line_tui.evaluate.two_sided_scores import Sanity
from line_tui.sanitize import shown

TWO_SIDED = ("correlation", "auprc", "f1")


def print_skipped(report: Report, console: PlainConsole) -> None:
    """Print which rows and pictures were left out."""
    for file in report.files:
        for row in file.bad_rows:
            console.print_line(f"{file.path}, line {row.line}: {row.cause}; row skipped")
    for picture in report.skipped:
        console.print_line(f"left out: {picture}")


def to_csv(report: Report) -> str:
    """CSV with one line per explanation."""
    text = io.StringIO()
    writer = csv.writer(text)
    auc, mad = report.metrics
    writer.writerow(["file", "neuron", "explanation", auc, "ci_low", "ci_high", mad, "p_value", "images", *TWO_SIDED])
    for file in report.files:
        for one in file.scored:
            scores = [f"{value:.6g}" for value in (one.auc, one.ci_low, one.ci_high, one.mad, one.p_value)]
            both = [_number(getattr(one, name), ".6g", "") for name in TWO_SIDED]
            writer.writerow([file.path, one.neuron, one.explanation, *scores, one.images, *both])
    return text.getvalue()


def print_tables(report: Report) -> None:
    """Print a table per file, and the comparisons."""
    console = PlainConsole(width=None if sys.stdout.isatty() else 120)
    auc, mad = report.metrics
    kind = "natural images, CoSy's protocol" if auc == "auc" else "generated images of the bank: not CoSy's numbers"
    console.print(f"control: {report.control_images} {kind}")
    for file in report.files:
        table = Table(title=Text(file.path))
        for column in ("neuron", "explanation", auc, "95% interval", mad, *TWO_SIDED):
            table.add_column(column, justify="left" if column == "explanation" else "right")
        for one in file.scored:
            interval = f"{one.ci_low:.3f} - {one.ci_high:.3f}"
            both = [_number(getattr(one, name)) for name in TWO_SIDED]
            auc_told, mad_told = f"{one.auc:.3f}", f"{one.mad:.2f}"
            table.add_row(str(one.neuron), shown(one.explanation), auc_told, interval, mad_told, *both)
        if file.auc is not None and file.mad is not None:
            table.add_section()
            both = [_number(getattr(file, name)) for name in TWO_SIDED]
            table.add_row("mean", f"of {len(file.scored)}", f"{file.auc:.3f}", "", f"{file.mad:.2f}", *both)
        console.print(table)
        for two in file.rivals:
            console.print(
                f"neuron {two.neuron}: a picture of “{shown(two.first)}” drives it more than one of "
                f"“{shown(two.second)}” in {two.auc:.0%} of cases [{two.ci_low:.0%}, {two.ci_high:.0%}]"
            )
    for pair in report.compared:
        console.print(
            f"{pair.first} - {pair.second}: {pair.difference:+.3f} [{pair.ci_low:+.3f}, {pair.ci_high:+.3f}] "
            f"over {pair.neurons} neurons, p = {pair.p_value:.2g}",
        )
    if report.sanity is not None:
        _print_sanity(report.sanity, console)


def _print_sanity(checks: list[Sanity], console: PlainConsole) -> None:
    """Print which metrics detect a wrong explanation."""
    if not checks:
        console.print("no sanity checks: no explanation accounts for enough of its neuron")
        return
    table = Table(title="sanity checks: share of explanations whose score falls")
    for column in ("metric", "half is missing", "as much is wrong", "verdict"):
        table.add_column(column, justify="left" if column in ("metric", "verdict") else "right")
    for one in checks:
        verdict = "passes" if one.passes else "does not notice"
        table.add_row(one.metric, f"{one.missing_falls:.0%}", f"{one.extra_falls:.0%}", verdict)
    console.print(table)


def _number(value: float | None, form: str = ".3f", none: str = "-") -> str:
    return none if value is None else format(value, form)
