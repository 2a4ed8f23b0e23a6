"""Steps and guidance against quality: the judge on every 12th label and on the words that are no label.

    python models/sweep_emoji_diffusion.py --data DIR --checkpoints DIR

About two minutes on one core. Writes `measured/steps.json`.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import emoji_data
import torch
from measure_emoji_diffusion import SEEDS, accuracies, draw, load_pipeline, ranks, word_accuracy
from train_emoji_judge import load_judge

ROOT = Path(__file__).resolve().parent
SETTINGS = ((8, 2.0), (8, 1.0), (8, 3.0), (4, 2.0), (1, 1.0), (1, 2.0), (20, 2.0))
EVERY = 12


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    names = [entry["label"] for entry in emoji_data.load(parsed.data)[3]]
    judge = load_judge(parsed.checkpoints / "judge", len(names))
    pipeline = load_pipeline()
    chosen = list(range(0, len(names), EVERY))
    target = torch.tensor(chosen).repeat_interleave(SEEDS)
    rows: list[dict[str, Any]] = []
    for steps, guidance in SETTINGS:
        start = time.process_time()
        pictures, _ = draw(pipeline, [names[i] for i in chosen], "sweep", SEEDS, steps, guidance)
        seconds = (time.process_time() - start) / len(pictures)
        first, five = accuracies(ranks(judge, pictures), target)
        words = word_accuracy(pipeline, judge, names, steps, guidance)["words"]
        rows.append(
            {
                "steps": steps,
                "guidance": guidance,
                "cpu_seconds_per_picture": round(seconds, 4),
                "top1": round(float(first.mean()), 3),
                "top5": round(float(five.mean()), 3),
                "words_top5": words["top5_mean_over_seeds"],
                "words_right_in_half_of_seeds": words["words_right_in_half_of_seeds"],
            }
        )
        print(rows[-1], flush=True)
        (ROOT / "measured" / "steps.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
