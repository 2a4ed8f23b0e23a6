"""What the training scripts share: a resumable loop on one thread with a budget of CPU time."""

import argparse
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

log = logging.getLogger("training")

CHECKPOINT_SECONDS = 60


@dataclass
class Run:
    """Where one training reads and writes, and how long it may take."""

    data: Path
    out: Path
    minutes: float
    seed: int
    needs: dict[str, Path]
    """Folders of earlier trainings that this one builds on."""


def arguments(description: str, minutes: float, needs: tuple[str, ...] = ()) -> Run:
    """The command line that every training script has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder that emoji_data.py built")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder; resumed if it has one")
    parser.add_argument("--minutes", type=float, default=minutes, help="CPU time, of all runs together")
    parser.add_argument("--seed", type=int, default=0)
    for name in needs:
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"folder of the {name}'s checkpoint")
    parsed = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(parsed.seed)
    parsed.out.mkdir(parents=True, exist_ok=True)
    folders = {name: getattr(parsed, name) for name in needs}
    return Run(parsed.data, parsed.out, parsed.minutes, parsed.seed, folders)


def train(
    run: Run,
    model: nn.Module,
    loss_of: Callable[[torch.Generator, float], Tensor],
    *,
    peak_rate: float,
    weight_decay: float,
    decay: float = 0.999,
) -> nn.Module:
    """Train until the budget of CPU time is used up; returns the moving average of the weights.

    `loss_of(generator, progress)` draws a batch and gives its loss, `progress` runs from 0 to 1. The rate
    warms up over 1 % of the budget and falls to zero along a cosine. A checkpoint is written every minute,
    so that a run that was killed goes on from there.
    """
    optimiser = torch.optim.AdamW(_groups(model, weight_decay), lr=peak_rate, betas=(0.9, 0.99))
    average = torch.optim.swa_utils.AveragedModel(
        model,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )
    path = run.out / "checkpoint.pt"
    step, spent = 0, 0.0
    if path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
        log.info("resumed at step %d after %.1f minutes", step, spent / 60)
    saved = spent
    smooth: float | None = None
    while spent < run.minutes * 60:
        start = time.process_time()
        progress = spent / (run.minutes * 60)
        rate = peak_rate * _schedule(progress)
        for group in optimiser.param_groups:
            group["lr"] = rate
        generator = torch.Generator().manual_seed(run.seed * 10_000_000 + step)
        model.train()
        loss = loss_of(generator, progress)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(model)
        step += 1
        value = loss.item()
        smooth = value if smooth is None else 0.98 * smooth + 0.02 * value
        spent += time.process_time() - start
        if step % 100 == 0:
            log.info("step %d, %.1f min, loss %.4f, rate %.2e", step, spent / 60, smooth, rate)
        if spent - saved > CHECKPOINT_SECONDS or spent >= run.minutes * 60:
            state = {
                "model": model.state_dict(),
                "average": average.state_dict(),
                "step": step,
                "spent": spent,
            }
            _save(state | {"optimiser": optimiser.state_dict()}, path)
            saved = spent
    averaged: nn.Module = average.module
    return averaged.eval()


def averaged_weights(path: Path) -> dict[str, Tensor]:
    """The moving average in a checkpoint that `train` wrote."""
    state = torch.load(path, weights_only=True)["average"]
    return {key.removeprefix("module."): value for key, value in state.items() if key != "n_averaged"}


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def _schedule(progress: float) -> float:
    warm = min(1.0, 0.02 + progress / 0.01)
    return float(warm * 0.5 * (1 + torch.cos(torch.tensor(progress * torch.pi)).item()))


def _save(state: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)
