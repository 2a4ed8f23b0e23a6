"""Train the judge: a label classifier that measures the generator and is not shipped.

    python models/train_emoji_judge.py --data DIR --out DIR [--minutes 18] --seed 7

18 minutes of CPU time on one core. Real pictures of all styles under the generator's own augmentation; a plain
convolutional network, so that neither architecture, seed nor target is that of emoji-resnet18.
"""

from pathlib import Path

import emoji_data
import torch
from torch import Tensor, nn
from torch.nn import functional
from training import arguments, averaged_weights, train

from line_tui.worlds.emoji.compose import UNIFORMS, compose

BATCH = 64


class Judge(nn.Module):
    """`float32[n, 3, 64, 64]` in [0, 1] to label logits `float32[n, labels]`."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.PixelUnshuffle(2),
            _convolution(12, 64, 1),
            _convolution(64, 128, 2),
            _Residual(128),
            _convolution(128, 256, 2),
            _Residual(256),
            _convolution(256, 512, 2),
            _Residual(512),
        )
        self.head = nn.Linear(512, labels)

    def forward(self, pictures: Tensor) -> Tensor:
        """Label logits."""
        maps = self.features(2 * pictures - 1)
        logits: Tensor = self.head(maps.mean((2, 3)))
        return logits


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.step = _convolution(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.step(x)
        return x + change


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def load_judge(out: Path, labels: int) -> Judge:
    """The judge that a training left in `out`."""
    judge = Judge(labels)
    judge.load_state_dict(averaged_weights(out / "checkpoint.pt"))
    return judge.eval()


def main() -> None:
    """Train, or go on training."""
    run = arguments("Train the judge.", minutes=18)
    pictures, label, _, labels = emoji_data.load(run.data)
    rgba = emoji_data.premultiplied(pictures)
    model = Judge(len(labels)).to(memory_format=torch.channels_last)

    def loss_of(generator: torch.Generator, progress: float) -> Tensor:
        index = torch.randint(len(rgba), (BATCH,), generator=generator)
        x = compose(rgba[index], torch.rand(BATCH, UNIFORMS, generator=generator))
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x.contiguous(memory_format=torch.channels_last))
        return functional.cross_entropy(logits.float(), label[index], label_smoothing=0.1)

    train(run, model, loss_of, peak_rate=2e-3, weight_decay=0.05, decay=0.998)


if __name__ == "__main__":
    main()
