"""Draw what falls short of its aim in `measured/diffusion.json`, unselected: words short of members, and turns.

python models/make_missed_sheet.py
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from emoji_drawings import drawings
from make_gallery import sheet

ROOT = Path(__file__).resolve().parent
AIM = 0.9
"""Share of members among a word's pictures."""
SEEDS = 20
TURNS = 12
"""Combinations of a label and a turn, the first of those that were in no caption, with `SEEDS // 4` seeds each."""


def main() -> None:
    """Draw and write `measured/missed.png`."""
    torch.set_num_threads(1)
    concepts = json.loads((ROOT / "measured/diffusion.json").read_text())["concepts"]["each"]
    short = [name for name, concept in sorted(concepts.items()) if concept["share"] < AIM]
    pairs = json.loads((ROOT / "held_out_combinations.json").read_text())
    turned = [f"{pair['value']} {pair['label']}" for pair in pairs if pair["attribute"] == "turn"][:TURNS]
    with TemporaryDirectory() as folder:
        members = drawings(Path(folder), "0", short, SEEDS)
        turns = drawings(Path(folder), "0", turned, SEEDS // 4)
    captions = [*(word for word in short for _ in range(SEEDS)), *(word for word in turned for _ in range(SEEDS // 4))]
    sheet(torch.cat([members, turns]), captions, SEEDS).quantize(128).save(ROOT / "measured/missed.png", optimize=True)


if __name__ == "__main__":
    main()
