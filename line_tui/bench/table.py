"""The bench's table: quality and cost of the labels, for each part and contestant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Literal

import msgspec
from rich.table import Table

from line_tui.bench.rows import Row
from line_tui.consoles import PlainConsole
from line_tui.explain.paired_tests import mean_interval

BASELINE = "published, mean"


class Share(msgspec.Struct, frozen=True):
    """A count out of a total."""

    count: int
    of: int

    def __str__(self) -> str:
        return f"{self.count}/{self.of}" if self.of else "-"


class Difference(msgspec.Struct, frozen=True):
    """Paired difference to the baseline, with Student's 95% interval; None below two pairs."""

    neurons: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant on one part of the bench. Means are over its neurons; mean scores, over those with a label."""

    part: str
    contestant: str
    neurons: int
    auc: float | None
    mad: float | None
    to_baseline: Difference
    correlation: float | None
    """Two-sided score."""
    correlation_to_baseline: Difference
    right: Share
    """Single-sense planted units."""
    right_withheld: Share
    """Single-sense planted units whose words are not in the bank."""
    both_senses: Share
    false_senses: Share
    """Single-sense units with more than one reported sense."""
    barren_found_empty: Share
    """Null, dead and constant units for which no concept was found."""
    live_found_empty: Share
    search_images: float
    report_images: float
    drawn: float
    calls: float
    refused: float
    """Share of refused replies of the language model."""
    seconds: float


def summary(rows: Sequence[Row]) -> list[Summary]:
    """Summarise rows by part and contestant, in the order in which they first come."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.part, row.contestant), []).append(row)
    baseline = {(row.part, row.neuron): row for row in rows if row.contestant == BASELINE}
    order = list(dict.fromkeys(part for part, _ in groups))
    return [_summarise(*key, groups[key], baseline) for key in sorted(groups, key=lambda key: order.index(key[0]))]


def _summarise(part: str, contestant: str, rows: list[Row], baseline: dict[tuple[str, int], Row]) -> Summary:
    # A neuron without a concept has no score to compare.
    scored = [row for row in rows if row.auc is not None and row.mad is not None and not _barren(row)]
    single = [row for row in rows if row.kind == "single" and row.right is not None]
    live = [row for row in rows if part != "planted" or row.right is not None]
    replies = sum(row.calls for row in rows)
    return Summary(
        part=part,
        contestant=contestant,
        neurons=len(rows),
        auc=_mean(row.auc for row in scored),
        mad=_mean(row.mad for row in scored),
        to_baseline=_paired(scored, baseline, "auc"),
        correlation=_mean(row.correlation for row in scored),
        correlation_to_baseline=_paired(scored, baseline, "correlation"),
        right=_share(row.right is True for row in single),
        right_withheld=_share(row.right is True for row in single if row.withheld),
        both_senses=_share(all(row.senses_found) for row in rows if row.kind == "two senses"),
        false_senses=_share(len(row.senses) > 1 for row in single),
        barren_found_empty=_share(row.label is None for row in rows if _barren(row)),
        live_found_empty=_share(row.label is None for row in live),
        search_images=fmean(row.search_images for row in rows),
        report_images=fmean(row.report_images for row in rows),
        drawn=fmean(row.drawn for row in rows),
        calls=fmean(row.calls for row in rows),
        refused=sum(row.refused for row in rows) / replies if replies else 0.0,
        seconds=fmean(row.seconds for row in rows),
    )


def _barren(row: Row) -> bool:
    return row.part == "planted" and row.right is None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _share(correct: Iterable[bool]) -> Share:
    answers = list(correct)
    return Share(sum(answers), len(answers))


def _paired(
    rows: Sequence[Row], baseline: dict[tuple[str, int], Row], score: Literal["auc", "correlation"]
) -> Difference:
    pairs = [(getattr(row, score), getattr(baseline.get((row.part, row.neuron)), score, None)) for row in rows]
    differences = [ours - base for ours, base in pairs if ours is not None and base is not None]
    return Difference(len(differences), *(mean_interval(differences) if len(differences) > 1 else ()))


def print_table(summaries: Sequence[Summary]) -> None:
    """Print the summary on stdout."""
    table = Table(title="verified on 50 images of their own; differences to 'published, mean' with 95% intervals")
    for column in _CELLS:
        table.add_column(column, justify="left" if column in ("part", "contestant") else "right")
    for row in summaries:
        table.add_row(*(cell(row) for cell in _CELLS.values()))
    PlainConsole(width=None if PlainConsole().is_terminal else 220).print(table)


_CELLS: dict[str, Callable[[Summary], str]] = {
    "part": lambda row: row.part,
    "contestant": lambda row: row.contestant,
    "neurons": lambda row: str(row.neurons),
    "AUC": lambda row: "-" if row.auc is None else f"{row.auc:.3f}",
    "MAD": lambda row: "-" if row.mad is None else f"{row.mad:.2f}",
    "difference": lambda row: _formatted(row.to_baseline),
    "two-sided": lambda row: "-" if row.correlation is None else f"{row.correlation:.2f}",
    "its difference": lambda row: _formatted(row.correlation_to_baseline),
    "right": lambda row: str(row.right),
    "absent": lambda row: str(row.right_withheld),
    "both senses": lambda row: str(row.both_senses),
    "false sense": lambda row: str(row.false_senses),
    "null: none": lambda row: str(row.barren_found_empty),
    "live: none": lambda row: str(row.live_found_empty),
    "search": lambda row: f"{row.search_images:.0f}",
    "report": lambda row: f"{row.report_images:.0f}",
    "drawn": lambda row: f"{row.drawn:.0f}",
    "calls": lambda row: f"{row.calls:.0f}",
    "refused": lambda row: f"{row.refused:.0%}",
    "s": lambda row: f"{row.seconds:.1f}",
}


def _formatted(difference: Difference) -> str:
    if difference.mean is None:
        return "-"
    return f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}] n={difference.neurons}"
