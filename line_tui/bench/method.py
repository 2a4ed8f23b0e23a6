"""Compare all strategies on the same neurons, with the same models, seeds and images.

Planted units respond to a known concept, so a label is right or wrong; neurons of `fc`, `avgpool` and `layer3` are a
random sample. Every label is measured on 50 new images. Rows are written to a file as they are measured, and an
interrupted bench continues after the last one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from line_tui.bench.answers import Answers
from line_tui.bench.contestants import contestants
from line_tui.bench.rows import Row, RowFile, row_of
from line_tui.bench.table import print_table, summary
from line_tui.bench.world import load_worlds
from line_tui.child_main import ArgumentParser, run_alone
from line_tui.errors import unknown_name

Split = Literal["tune", "report", "all"]
LAYERS = {"emoji-planted": ["planted"], "emoji-resnet18": ["fc", "avgpool", "layer3"]}
SAMPLE = 50
"""Random neurons of each layer (as CoSy, arXiv 2405.20331)."""
QUICK_MINUTES = 15.0
MAIN = ["adaptive", "published, mean", "published, auc", "vocabulary", "random words"]


def tasks(answers: Answers, sizes: dict[str, int], split: Split) -> list[tuple[str, int]]:
    """(part, neuron) in an order whose every prefix is balanced over parts and kinds of planted units.

    Even-numbered units were used to tune the method, odd-numbered ones are used to report on it.
    """
    rng = np.random.default_rng(0)
    kinds: dict[str, list[tuple[str, int]]] = {}
    for unit in answers.units:
        in_split = split == "all" or (unit.unit % 2 == 1) == (split == "report")
        if in_split and (unit.counted or not unit.senses):
            kinds.setdefault(f"{unit.kind} {unit.withheld}", []).append(("planted", unit.unit))
    columns = [[column[i] for i in rng.permutation(len(column))] for column in kinds.values()]
    for layer in LAYERS["emoji-resnet18"]:
        chosen = rng.choice(sizes[layer], min(SAMPLE, sizes[layer]), replace=False)
        columns.append([(layer, int(neuron)) for neuron in chosen])
    rounds = zip_longest(*columns)
    return [task for task in chain.from_iterable(rounds) if task is not None]


def measure(rows: RowFile, split: Split, names: list[str] | None, minutes: float | None) -> Iterator[Row]:
    """Measure what is missing in the file; stop between two neurons when the time is up."""
    from line_tui.models.lexicon import load_lexicon

    start = time.monotonic()
    worlds = load_worlds(LAYERS)
    by_layer = {layer: world for world in worlds for layer in LAYERS[world.model]}
    answers = Answers(worlds[0].loaded.embedder)
    everyone = contestants(worlds[0].loaded.embedder, load_lexicon())
    for name in names or ():
        if name not in everyone:
            raise unknown_name("strategy", name, everyone, f"they are: {'; '.join(everyone)}")
    # Before the first measurement, which would be lost.
    rows.create()
    done = {(row.part, row.neuron, row.contestant) for row in rows.read()}
    sizes = {layer: world.bank[layer].activations.shape[2] for layer, world in by_layer.items()}
    for part, neuron in tasks(answers, sizes, split):
        if minutes is not None and time.monotonic() - start > 60 * minutes:
            return
        for name in names or everyone:
            if (part, neuron, name) in done or (part != "planted" and name not in MAIN):
                continue
            began = time.perf_counter()
            contestant = everyone[name]
            state = by_layer[part].run(contestant.strategy, part, neuron, metric=contestant.metric)
            seconds = time.perf_counter() - began
            row = row_of(state, part, neuron, name, seconds, by_layer[part].correlation(state))
            if part == "planted":
                row = judged(row, answers)
            rows.append(row)
            yield row


def judged(row: Row, answers: Answers) -> Row:
    """A row of a planted unit, graded."""
    unit = answers.units[row.neuron]
    answer = row.senses or ([row.label] if row.label else [])
    senses = answers.senses_found(unit, answer) if unit.senses else []
    right = answers.right(unit, row.label) if unit.senses and row.label else None
    if unit.senses and row.label is None:
        right = False
    return msgspec.structs.replace(row, kind=unit.kind, withheld=unit.withheld, right=right, senses_found=senses)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(
        prog="line-tui bench method", description=__doc__, epilog="Example: line-tui bench method --quick"
    )
    parser.add_argument("--quick", action="store_true", help=f"stop after {QUICK_MINUTES:.0f} minutes")
    parser.add_argument(
        "--rows",
        type=Path,
        default=Path("bench-method.jsonl"),
        help="file of measured rows (default: bench-method.jsonl)",
    )
    parser.add_argument("--split", choices=["tune", "report", "all"], default="report", help="default: report")
    parser.add_argument("--only", action="append", metavar="NAME", help="run only this strategy; may be repeated")
    parser.add_argument("--parts", action="store_true", help="also run the adaptive loop without each of its parts")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args(arguments)
    rows = RowFile(options.rows)
    names = options.only or (None if options.parts else MAIN)
    for row in measure(rows, options.split, names, QUICK_MINUTES if options.quick else None):
        score = "no concept" if row.auc is None else f"{row.auc:.3f}"
        print(f"{row.part} {row.neuron}  {row.contestant}: {row.label} {score} {row.seconds} s", file=sys.stderr)
    summaries = summary(rows.read())
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(summaries) + b"\n")
    else:
        print_table(summaries)


if __name__ == "__main__":
    run_alone(main)
