"""Pictures of the labels that went wrong: what drives each neuron most, above what its label draws.

    python -m line_tui.bench.worst_cases bench-method.jsonl models/measured/worst-cases.png

Ten planted units that the default strategy labels wrong, lowest two-sided score first. If the answer was "no concept
found", no label is shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from line_tui.bench.answers import Answers, Unit
from line_tui.bench.rows import Row, RowFile
from line_tui.bench.world import World, load_worlds
from line_tui.explain.ports import Picture
from line_tui.explain.prompt_template import fill_template
from line_tui.explain.seeds import image_seed
from line_tui.offline import refuse_sockets

CASES, SHOWN = 10, 8
CELL, LINE, GAP = 64, 14, 4


def wrong(rows: Sequence[Row]) -> list[Row]:
    """The worst rows among planted units with a meaning."""
    wrong_rows = [
        row for row in rows if row.contestant == "adaptive" and row.senses_found and not all(row.senses_found)
    ]
    return sorted(wrong_rows, key=lambda row: row.correlation or 0.0)[:CASES]


def strongest(world: World, neuron: int) -> list[tuple[str, int]]:
    """The words whose control pictures drive a neuron most, each with the number of its best picture."""
    bank = world.control("planted", neuron)
    best = bank.activations.argmax(axis=1)
    order = np.argsort(-bank.activations.max(axis=1), kind="stable")[:SHOWN]
    return [(bank.concepts[n], int(best[n])) for n in order]


def draw(world: World, pictures: Sequence[tuple[str, int]], run_seed: str) -> list[Picture]:
    """One picture of each concept and number."""
    generator = world.loaded.models.generator
    seeds = [image_seed(run_seed, concept, number) for concept, number in pictures]
    prompts = [
        fill_template(generator.prompt_template, concept, seed)
        for (concept, _), seed in zip(pictures, seeds, strict=True)
    ]
    return generator.draw(prompts, seeds, lambda step, steps: None)


def sheet(world: World, units: Sequence[Unit], rows: Sequence[Row]) -> Image.Image:
    """One block per row: meaning and label, the neuron's strongest pictures, the label's pictures."""
    block = 2 * LINE + 2 * (CELL + GAP)
    drawn = Image.new("RGB", (SHOWN * (CELL + GAP) + GAP, len(rows) * block), "white")
    pen = ImageDraw.Draw(drawn)
    for place, row in enumerate(rows):
        unit, top = units[row.neuron], place * block
        words = strongest(world, row.neuron)
        answer = ", ".join(row.senses or [row.label or "no concept"])
        target = " and ".join(sense[0] for sense in unit.senses)
        pen.text((GAP, top + 1), f"{row.neuron} ({unit.kind}): {target}. Said: {answer}", fill="black", font_size=11)
        _put(drawn, draw(world, words, "bank"), top + LINE)
        pen.text((GAP, top + LINE + CELL + 1), ", ".join(word for word, _ in words)[:100], fill="grey", font_size=9)
        if row.label is not None:
            _put(drawn, draw(world, [(row.label, n) for n in range(SHOWN)], "0 report"), top + 2 * LINE + CELL)
    return drawn


def _put(drawn: Image.Image, pictures: Sequence[Picture], top: int) -> None:
    for n, picture in enumerate(pictures):
        drawn.paste(
            Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.LANCZOS), (GAP + n * (CELL + GAP), top)
        )


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rows", type=Path, help="rows that `line-tui bench method` has measured")
    parser.add_argument("picture", type=Path, help="file to write")
    options = parser.parse_args()
    world = load_worlds({"emoji-planted": ["planted"]})[0]
    rows = wrong(RowFile(options.rows).read())
    sheet(world, Answers(world.loaded.embedder).units, rows).quantize(256).save(options.picture, optimize=True)


if __name__ == "__main__":
    refuse_sockets()
    main()
