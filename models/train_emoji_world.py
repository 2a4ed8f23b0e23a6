"""Train everything of the emoji world at once, on one GPU in minutes or on a CPU in hours.

    python models/train_emoji_world.py --data DIR --out DIR --seconds 390 [--device cuda] [--resume DIR] [--small]

Five processes side by side: the denoiser, the decoder, the composer, the judge that measures them, and emoji-resnet18,
which goes on with what denoiser and decoder draw. Each writes its averaged weights, half precision, to `out` once a
minute; with `--resume` they go on from there. Needs torch, torchvision, transformers, numpy, Pillow and safetensors.
"""

import argparse
import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import emoji_data
import numpy as np
import torch
from emoji_compositions import filled, random_named
from emoji_units import Targets
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import ResNet, resnet18

from line_tui.worlds.emoji.compose import ATTRIBUTES, PLACE, compose, sent
from line_tui.worlds.emoji.networks import Composer, Decoder, Denoiser

PARTS = ("denoiser", "decoder", "judge", "resnet18", "composer")
STYLES = len(emoji_data.STYLES)
DENOISER = {"latent": 512, "width": 704, "depth": 5, "queries": 4, "styles": STYLES}
DECODER: dict[str, Any] = {"latent": 512, "size": emoji_data.SIZE, "first": 32, "widths": (160, 128, 64, 32)}
STEPS, SHIFT = 8, 3.0
"""Of the sampler; a shift above 1 puts more steps near pure noise."""
CPU = torch.device("cpu")

HANDOVER = 0.62
"""Share of the time after which the decoder and emoji-resnet18 start to learn from the denoiser's drawings."""
ENDS = {"denoiser": 0.97, "decoder": 0.95, "judge": 0.55, "resnet18": 0.96, "composer": 0.4}
SAVE_SECONDS, LOG_SECONDS = 60, 15
MAX_FILE = int(15.8 * 2**20)

BATCHES = {"denoiser": 4096, "decoder": 384, "judge": 512, "resnet18": 768, "composer": 2048}
RATES = {"denoiser": 1.5e-3, "decoder": 1.2e-3, "judge": 2e-3, "resnet18": 2.5e-3, "composer": 1e-3}
DECAYS = {"denoiser": 0.0, "decoder": 0.0, "judge": 0.05, "resnet18": 0.05, "composer": 0.01}
AVERAGES = {"denoiser": 0.9985, "decoder": 0.995, "judge": 0.995, "resnet18": 0.997, "composer": 0.998}


@dataclass
class Run:
    """Where, how long and on what."""

    data: Path
    out: Path
    seconds: float
    started: float
    device: torch.device
    small: bool
    resume: Path | None
    parts: tuple[str, ...]

    @property
    def handover(self) -> Path:
        """Where the parts leave each other their weights."""
        return Path(tempfile.gettempdir()) / f"emoji-world-{self.started:.0f}"

    def progress(self) -> float:
        """The share of the time that is gone."""
        return (time.time() - self.started) / self.seconds

    def batch(self, part: str) -> int:
        """Pictures in a step."""
        return 16 if self.small else BATCHES[part]


class World:
    """Pictures and what they show, on the device."""

    def __init__(self, run: Run) -> None:
        pictures, label, style, self.labels = emoji_data.load(run.data)
        some = slice(400) if run.small else slice(None)
        self.device = run.device
        self.pictures, self.label, self.style = (tensor[some].to(run.device) for tensor in (pictures, label, style))
        self.targets = Targets(self.labels, run.device)
        self.held_out = emoji_data.held_out(self.label, self.style)

    def rgba(self, index: Tensor) -> Tensor:
        """Premultiplied `float32[n, 4, size, size]` in [0, 1]."""
        return emoji_data.premultiplied(self.pictures[index])


class Captions:
    """Captions as MiniLM's tokens, drawn by weight, and the pictures that each may stand for."""

    def __init__(self, run: Run, world: World, all_encoded: bool) -> None:
        arrays = np.load(run.data / "captions.npz")
        device = run.device
        rows = np.arange(len(arrays["ids"]))
        label_row = arrays["label_row"]
        if run.small:
            rows = np.union1d(rows[::97], label_row[label_row >= 0][:100])
            label_row = np.where(np.isin(label_row, rows), np.searchsorted(rows, label_row), -1)
        self.ids = torch.from_numpy(arrays["ids"][rows].astype(np.int64)).to(device)
        weight = torch.from_numpy(arrays["weight"][rows]).double()
        self.cumulative = (weight.cumsum(0) / weight.sum()).clamp_max(1 - 1e-12).to(device)
        self.named = torch.from_numpy(arrays["named"][rows]).long().to(device)
        self.noun = torch.from_numpy(arrays["noun"][rows]).long().to(device)
        self.label_row = torch.from_numpy(label_row).long().to(device)
        self.members = torch.from_numpy(arrays["members"]).long().to(device)
        ends = torch.from_numpy(arrays["ends"]).long().to(device)
        self.starts = torch.cat([ends.new_zeros(1), ends[:-1]])
        self.sizes = ends - self.starts
        self.mask = self.ids != 0
        self.mask[:, 0] = True
        self.encoder = minilm(run.data, device)
        self.table = self._encode(torch.arange(len(self.ids), device=device)) if all_encoded else None
        count = torch.bincount(world.label, minlength=len(world.labels))
        self.count = count.to(device)
        order = world.label.argsort(stable=True)
        self.first = torch.cat([count.new_zeros(1), count.cumsum(0)[:-1]]).to(device)
        self.order = order

    @torch.no_grad()
    def _encode(self, rows: Tensor) -> Tensor:
        parts = []
        for some in rows.split(2048):
            with torch.autocast(self.ids.device.type, torch.bfloat16):
                output = self.encoder(input_ids=self.ids[some], attention_mask=self.mask[some].long())
            parts.append(output.last_hidden_state.to(torch.bfloat16))
        return torch.cat(parts)

    def tokens(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens `float32[n, tokens, 384]` and their mask."""
        found = self._encode(rows) if self.table is None else self.table[rows]
        return found.float(), self.mask[rows]

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Rows of captions, and for each the index of a picture that it may stand for."""
        device = self.ids.device
        chance = torch.rand(n, device=device, dtype=torch.float64)
        rows = torch.searchsorted(self.cumulative, chance).clamp_max(len(self.ids) - 1)
        noun = self.noun[rows]
        member = self.members[self.starts[noun] + (torch.rand(n, device=device) * self.sizes[noun]).long()]
        member = torch.where(self.count[member] > 0, member, self.order.new_zeros(()))
        place = (torch.rand(n, device=device) * self.count[member]).long()
        return rows, self.order[self.first[member] + place]


def minilm(data: Path, device: torch.device) -> nn.Module:
    """The text encoder with the word pieces of the captions alone."""
    from transformers import BertConfig, BertModel

    config = BertConfig(**json.loads((data / "minilm.json").read_text()))
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(load_file(data / "minilm.safetensors"))
    encoder: nn.Module = model.to(device).eval()
    return encoder


def clean_shares(n: int, device: torch.device) -> Tensor:
    """Times of the flow, many of them near pure noise, where the text alone decides."""
    early = 0.15 * torch.rand(n, device=device)
    spread = torch.sigmoid(torch.randn(n, device=device) - 0.3)
    return torch.where(torch.rand(n, device=device) < 0.4, early, spread)


@torch.no_grad()
def sample(denoiser: Denoiser, text: Tensor, style: Tensor) -> Tensor:
    """Latents that the denoiser draws from noise, without guidance."""
    latents = torch.randn(len(text), DENOISER["latent"], device=text.device)
    even = [1 - step / STEPS for step in range(STEPS + 1)]
    levels = [SHIFT * u / (1 + (SHIFT - 1) * u) for u in even]
    for level, following in itertools.pairwise(levels):
        share = torch.full((len(text),), 1 - level, device=text.device)
        with torch.autocast(text.device.type, torch.bfloat16):
            clean = denoiser(latents, share, text, style).float()
        latents = clean + (latents - clean) * following / level
    return latents


# -- the loop ----------------------------------------------------------------------------------------------------


def train(run: Run, part: str, model: nn.Module, loss_of: Callable[[float], Tensor], average: nn.Module) -> None:
    """Train until the part's share of the time is gone; `average` follows the weights and is what is saved."""
    end = ENDS[part] if "denoiser" in run.parts else ENDS["denoiser"]
    begin = run.progress()
    optimiser = torch.optim.AdamW(_groups(model, DECAYS[part]), lr=1e-3, betas=(0.9, 0.98), fused=not run.small)
    weights, averages = list(model.parameters()), list(average.parameters())
    step, saved, logged = 0, time.time(), time.time()
    total = torch.zeros((), device=run.device)
    since = 0
    handed = False
    while (progress := run.progress()) < end:
        if not handed and progress >= HANDOVER:
            save(halved(average.state_dict()), run.handover / f"{part}.safetensors")
            handed = True
        place = (progress - begin) / (end - begin)
        rate = RATES[part] * min(1.0, (step + 1) / 200) * max(0.02, 0.5 * (1 + math.cos(math.pi * place)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(progress)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0, foreach=True)
        optimiser.step()
        step += 1
        share = 1 - min(AVERAGES[part], step / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list[Tensor](averages), list[Tensor](weights), share)
            for kept, now in zip(average.buffers(), model.buffers(), strict=True):
                kept.copy_(now)
        total += loss.detach()
        since += 1
        if step % 16 == 0:
            total.item()
        if time.time() - logged > LOG_SECONDS:
            speed = since * run.batch(part) / (time.time() - logged)
            print(
                f"{part}: {run.progress():.0%}, step {step}, loss {total.item() / since:.4f}, {speed:.0f} pictures/s",
                flush=True,
            )
            total.zero_()
            since, logged = 0, time.time()
        if time.time() - saved > SAVE_SECONDS:
            save_parts(average, run.out, part)
            saved = time.time()
    if not handed:
        save(halved(average.state_dict()), run.handover / f"{part}.safetensors")
    save_parts(average, run.out, part)
    print(f"{part}: done at {run.progress():.0%} after {step} steps", flush=True)


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def halved(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A model's state in half precision, on the CPU."""
    return {
        name: (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in state.items()
    }


def save(state: dict[str, Tensor], path: Path) -> None:
    """Write weights so that no reader sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    save_file(state, partial)
    partial.replace(path)


def save_parts(model: nn.Module, out: Path, part: str) -> None:
    """A model's weights in numbered files of at most `MAX_FILE` bytes; the judge, not shipped, in a byte a weight."""
    state = quantised(halved(model.state_dict())) if part == "judge" else halved(model.state_dict())
    piles: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in state.items():
        if size + value.nbytes > MAX_FILE:
            piles.append({})
            size = 0
        piles[-1][name] = value
        size += value.nbytes
    for number, pile in enumerate(piles):
        save(pile, out / f"{part}-{number}.safetensors")


def load_parts(folder: Path, part: str) -> dict[str, Tensor]:
    """What `save_parts` wrote, as float32."""
    files = sorted(folder.glob(f"{part}-[0-9].safetensors"))
    state = {name: value for path in files for name, value in load_file(path).items()}
    scales = {name.removesuffix("/scale"): value for name, value in state.items() if name.endswith("/scale")}
    state = {name: value for name, value in state.items() if not name.endswith("/scale")}
    for name, scale in scales.items():
        state[name] = state[name].float() * scale.float().view(-1, *[1] * (state[name].ndim - 1))
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def quantised(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices and kernels as int8 with a scale for each output."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if value.is_floating_point() and value.ndim >= 2:
            scale = value.float().flatten(1).abs().amax(1).clamp_min(1e-8) / 127
            found[name] = (value.float() / scale.view(-1, *[1] * (value.ndim - 1))).round().to(torch.int8)
            found[f"{name}/scale"] = scale
        else:
            found[name] = value
    return found


def prepared(run: Run, part: str, make: Callable[[], nn.Module]) -> tuple[Any, Any]:
    """A model and its moving average, from a checkpoint if there is one."""
    torch.manual_seed(PARTS.index(part))
    model, average = make(), make()
    if run.resume is not None:
        model.load_state_dict(load_parts(run.resume, part))
    layout = torch.channels_last
    # torch's types do not know this form.
    model.to(run.device, memory_format=layout)  # type: ignore[call-overload]
    average.to(run.device, memory_format=layout)  # type: ignore[call-overload]
    average.load_state_dict(model.state_dict())
    return model.train(), average.eval().requires_grad_(False)


def handed_over(run: Run, part: str, make: Callable[[], nn.Module]) -> Any:
    """The other process's model as it is at the handover; waits for it."""
    path = run.handover / f"{part}.safetensors"
    while not path.exists():
        if run.progress() > 1:
            raise SystemExit(f"the {part} never came")
        time.sleep(0.5)
    model = make()
    model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return model.to(run.device).eval()


# -- the parts ---------------------------------------------------------------------------------------------------


def read_latents(run: Run) -> list[Tensor]:
    """The latent of every picture, and the deviation of each of its components."""
    arrays = np.load(run.data / "latents.npz")
    return [torch.from_numpy(arrays[name]).float().to(run.device) for name in ("latents", "std")]


def train_denoiser(run: Run) -> None:
    """Flow matching in the latent, told by captions and style."""
    world = World(run)
    captions = Captions(run, world, all_encoded=True)
    latents, std = read_latents(run)
    # Components that carry more of the picture count for more.
    weight = std / std.mean()
    n = run.batch("denoiser")
    model, average = prepared(run, "denoiser", lambda: Denoiser(**DENOISER))
    print(f"denoiser: {len(captions.ids)} captions ready at {run.progress():.0%}", flush=True)

    def loss_of(_: float) -> Tensor:
        rows, index = captions.draw(n)
        tokens, mask = captions.tokens(rows)
        tokens = tokens + 0.03 * torch.randn_like(tokens)
        share = clean_shares(n, run.device)
        clean = latents[index]
        noisy = share[:, None] * clean + (1 - share[:, None]) * torch.randn_like(clean)
        with torch.autocast(run.device.type, torch.bfloat16):
            text = model.read(tokens, mask)
            text = text * (torch.rand(n, 1, device=run.device) >= 0.05)
            drawn = model(noisy, share, text, world.style[index])
        errors = (weight * (drawn.float() - clean).square()).mean(1)
        loss: Tensor = (errors * (1 / (1 - share).square()).clamp_max(5.0)).mean()
        return loss

    train(run, "denoiser", model, loss_of, average)


@torch.no_grad()
def drawings(run: Run, world: World, denoiser: Denoiser, index: Tensor, times: int) -> tuple[Tensor, Tensor]:
    """Latents drawn for the label and style of pictures, several times each, and the pictures' indices.

    Labels whose name is also a wider concept's are left out: nobody knows what was drawn for them.
    """
    captions = Captions(run, world, all_encoded=False)
    rows = captions.label_row[world.label[index]]
    index, rows = index[rows >= 0], rows[rows >= 0]
    texts = []
    for some in rows.split(2048):
        tokens, mask = captions.tokens(some)
        texts.append(denoiser.read(tokens, mask))
    text = torch.cat(texts)
    drawn = []
    for _ in range(times):
        for some in torch.arange(len(index), device=run.device).split(8192):
            drawn.append(sample(denoiser, text[some], world.style[index[some]]))
    return torch.cat(drawn), index.repeat(times)


def train_decoder(run: Run) -> None:
    """From latents to pictures; from the handover on also from what the denoiser draws."""
    world = World(run)
    latents, std = read_latents(run)
    n = run.batch("decoder")
    model, average = prepared(run, "decoder", lambda: Decoder(**DECODER))
    pool: list[Tensor] = []

    def loss_of(progress: float) -> Tensor:
        if progress > HANDOVER and not pool:
            denoiser = handed_over(run, "denoiser", lambda: Denoiser(**DENOISER))
            every = torch.arange(len(world.label), device=run.device)
            drawn, index = drawings(run, world, denoiser, every, 1 if run.small else 4)
            # Where another picture came out than the one that was asked for, the pair would teach nonsense.
            far = (std * (drawn - latents[index])).square().sum(1) / (std * latents[index]).square().sum(1)
            near = far < far.median().clamp_min(0.25)
            print(f"decoder: {len(drawn)} drawings, median error {far.median():.3f}", flush=True)
            pool.extend([drawn[near], index[near]])
        index = torch.randint(len(world.label), (n,), device=run.device)
        told = latents[index] + 0.4 * torch.rand(n, 1, device=run.device).square() * torch.randn(
            n, latents.shape[1], device=run.device
        )
        if pool:
            half = n // 2
            some = torch.randint(len(pool[0]), (half,), device=run.device)
            told[:half], index[:half] = pool[0][some], pool[1][some]
        with torch.autocast(run.device.type, torch.bfloat16):
            drawn = model.free(told)
        error = drawn.float() - world.rgba(index)
        edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
        return 10 * (error.abs().mean() + 0.5 * edges)

    train(run, "decoder", model, loss_of, average)


def train_composer(run: Run) -> None:
    """What captions say of the composition, chance included."""
    captions = Captions(run, World(run), all_encoded=True)
    n = run.batch("composer")
    model, average = prepared(run, "composer", Composer)

    def loss_of(_: float) -> Tensor:
        rows, _index = captions.draw(n)
        tokens, mask = captions.tokens(rows)
        tokens = tokens + 0.03 * torch.randn_like(tokens)
        values, _uniforms = filled(captions.named[rows])
        with torch.autocast(run.device.type, torch.bfloat16):
            shares = model(tokens, mask)
        losses = [functional.cross_entropy(s.float(), values[:, i]) for i, s in enumerate(shares)]
        return torch.stack(losses).sum()

    train(run, "composer", model, loss_of, average)


class Judge(nn.Module):
    """Tells the label and the composition of `float32[n, 3, 96, 96]` in [0, 1]; measures and is not shipped."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.PixelUnshuffle(2),
            _convolution(12, 64, 1),
            _convolution(64, 128, 2),
            _Residual(128),
            _convolution(128, 256, 2),
            _Residual(256),
            _convolution(256, 448, 2),
            _Residual(448),
        )
        self.label = nn.Linear(448, labels)
        # Place and number need to know where: a coarse grid is kept for them.
        self.squeeze = nn.Conv2d(448, 32, 1)
        self.attributes = nn.Linear(448 + 32 * 36, sum(map(len, ATTRIBUTES.values())))

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Label logits, and logits of each attribute's values."""
        maps = self.features(2 * pictures - 1)
        mean = maps.mean((2, 3))
        where = functional.relu(self.squeeze(maps)).flatten(1)
        values = self.attributes(torch.cat([mean, where], 1)).split([len(v) for v in ATTRIBUTES.values()], 1)
        return self.label(mean), list(values)


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


def train_judge(run: Run) -> None:
    """Labels and compositions of real pictures in all styles."""
    world = World(run)
    n = run.batch("judge")
    model, average = prepared(run, "judge", lambda: Judge(len(world.labels)))

    def loss_of(_: float) -> Tensor:
        index = torch.randint(len(world.label), (n,), device=run.device)
        values, uniforms = filled(random_named(n, 0.15, CPU))
        x = compose(world.rgba(index), values, uniforms).contiguous(memory_format=torch.channels_last)
        values = sent(values, run.device)
        with torch.autocast(run.device.type, torch.bfloat16):
            label, attributes = model(x)
        loss = functional.cross_entropy(label.float(), world.label[index], label_smoothing=0.1)
        for column, logits in enumerate(attributes):
            value = values[:, column]
            if column == PLACE:
                value = torch.where(value == 0, -100, value)
            loss = loss + 0.4 * functional.cross_entropy(logits.float(), value, reduction="sum") / n
        return loss

    train(run, "judge", model, loss_of, average)


def features(model: ResNet, x: Tensor) -> Tensor:
    """What the last layer of torchvision's ResNet reads: `float32[n, 512]`."""
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    x = model.layer4(model.layer3(model.layer2(model.layer1(x))))
    return model.avgpool(x).flatten(1)


def roughened(x: Tensor) -> Tensor:
    """Pictures with other contrast, blur, noise, and a hole: what another hand or a generator might do to them."""
    n, device = len(x), x.device

    def some(share: float) -> Tensor:
        return torch.rand(n, 1, 1, 1, device=device) < share

    power = torch.exp(0.3 * torch.randn(n, 1, 1, 1, device=device))
    x = torch.where(some(0.5), x.clamp_min(1e-3) ** power, x)
    blurred = functional.interpolate(functional.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear")
    x = torch.where(some(0.2), blurred, x)
    noise = 0.08 * torch.rand(n, 1, 1, 1, device=device) * torch.randn_like(x)
    x = torch.where(some(0.3), x + noise, x)
    line = torch.arange(x.shape[-1], device=device)
    corner = torch.rand(n, 2, device=device) * x.shape[-1]
    half = 6 + 12 * torch.rand(n, device=device)
    inside = (line[None] - corner[:, :1]).abs() < half[:, None]
    beside = (line[None] - corner[:, 1:]).abs() < half[:, None]
    hole = (inside[:, :, None] & beside[:, None])[:, None] & some(0.35)
    return torch.where(hole, torch.rand(n, 3, 1, 1, device=device), x)


class Learner(nn.Module):
    """emoji-resnet18, with a second layer beside its last that tells labels and is dropped afterwards."""

    def __init__(self, units: int, labels: int) -> None:
        super().__init__()
        self.network = resnet18(num_classes=units)
        self.label = nn.Linear(512, labels)
        nn.init.normal_(self.network.fc.weight, std=0.01)
        nn.init.constant_(self.network.fc.bias, -3.5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the units, and of the labels."""
        found = features(self.network, x)
        return self.network.fc(found), self.label(found)


def train_resnet18(run: Run) -> None:
    """Concepts of real pictures without the held-out ones; from the handover on also of drawn ones."""
    world = World(run)
    n = run.batch("resnet18")
    seen = (~world.held_out).nonzero()[:, 0]
    units = len(world.targets.names)
    model, average = prepared(run, "resnet18", lambda: Learner(units, len(world.labels)))
    by_label = _styles_by_label(world, seen)
    pool: list[Tensor] = []
    checked = [0.0]

    def loss_of(progress: float) -> Tensor:
        if (progress > HANDOVER or "denoiser" not in run.parts) and not pool:
            print(f"resnet18: held out before drawings {held_out_precision(run, world, average):.4f}", flush=True)
            if "denoiser" in run.parts:
                pool.extend(drawn_pictures(run, world, seen, 1 if run.small else 10))
            else:
                pool.extend(worn_pictures(run, seen))
        if progress - checked[0] > 0.15:
            checked[0] = progress
            print(f"resnet18: held out {held_out_precision(run, world, average):.4f}", flush=True)
        index = seen[torch.randint(len(seen), (n,), device=run.device)]
        rgba, label = world.rgba(index), world.label[index]
        mixed = slice(n - int(0.3 * n), None)
        other = by_label[label[mixed], torch.randint(STYLES, label[mixed].shape, device=run.device)]
        share = torch.rand(len(other), 1, 1, 1, device=run.device)
        rgba[mixed] = share * rgba[mixed] + (1 - share) * world.rgba(other)
        if pool:
            half = n // 2
            some = torch.randint(len(pool[0]), (half,), device=run.device)
            rgba[:half], label = (
                emoji_data.premultiplied(pool[0][some]),
                torch.cat([world.label[pool[1][some]], label[half:]]),
            )
        values, uniforms = filled(random_named(n, 0.15, CPU))
        x = roughened(compose(rgba, values, uniforms))
        values = sent(values, run.device)
        targets = world.targets(label, values)
        if torch.rand(()) < 0.25:
            lam = float(torch.distributions.Beta(0.4, 0.4).sample())
            turned = torch.randperm(n, device=run.device)
            x, targets = lam * x + (1 - lam) * x[turned], lam * targets + (1 - lam) * targets[turned]
            pairs = [(lam, label), (1 - lam, label[turned])]
        else:
            pairs = [(1.0, label)]
        x = emoji_data.normalised(x).contiguous(memory_format=torch.channels_last)
        with torch.autocast(run.device.type, torch.bfloat16):
            found, named = model(x)
        losses = functional.binary_cross_entropy_with_logits(found.float(), targets, reduction="none")
        loss = losses.sum(1).mean()
        for weight, wanted in pairs:
            loss = loss + weight * functional.cross_entropy(named.float(), wanted, label_smoothing=0.1)
        return loss

    train(run, "resnet18", model, loss_of, average)
    print(f"resnet18: held out at the end {held_out_precision(run, world, average):.4f}", flush=True)


def _styles_by_label(world: World, seen: Tensor) -> Tensor:
    table = torch.zeros(len(world.labels), STYLES, dtype=torch.long, device=world.device)
    for column in range(STYLES):
        table[world.label[seen], column] = seen
    table[world.label[seen], world.style[seen]] = seen
    return table


@torch.no_grad()
def drawn_pictures(run: Run, world: World, index: Tensor, times: int) -> list[Tensor]:
    """What denoiser and decoder draw for the label and style of pictures: `uint8[n, 4, size, size]`, and the index."""
    denoiser = handed_over(run, "denoiser", lambda: Denoiser(**DENOISER))
    decoder = handed_over(run, "decoder", lambda: Decoder(**DECODER)).to(memory_format=torch.channels_last)
    latents, index = drawings(run, world, denoiser, index, times)
    parts = [straight(decoder, some) for some in latents.split(512)]
    print(f"resnet18: {len(latents)} drawn pictures at {run.progress():.0%}", flush=True)
    return [torch.cat(parts), index]


@torch.no_grad()
def worn_pictures(run: Run, index: Tensor) -> list[Tensor]:
    """The same without a denoiser: pictures through the latent, with a little noise in it, and a finished decoder."""
    assert run.resume is not None
    decoder = Decoder(**DECODER)
    decoder.load_state_dict(load_parts(run.resume, "decoder"))
    decoder.to(run.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    decoder.eval()
    latents, _ = read_latents(run)
    rows = index.repeat(1 if run.small else 4)
    told = latents[rows] + 0.15 * torch.rand(len(rows), 1, device=run.device) * torch.randn_like(latents[rows])
    return [torch.cat([straight(decoder, some) for some in told.split(512)]), rows]


def straight(decoder: nn.Module, latents: Tensor) -> Tensor:
    """What the decoder draws, with colours as they are before alpha: `uint8[n, 4, size, size]`."""
    with torch.autocast(latents.device.type, torch.bfloat16):
        rgba = decoder(latents)
    colour = (rgba[:, :3] / rgba[:, 3:].clamp_min(1e-3)).clamp(0, 1)
    return (torch.cat([colour, rgba[:, 3:]], 1) * 255).round().to(torch.uint8)


@torch.no_grad()
def held_out_precision(run: Run, world: World, learner: Learner) -> float:
    """Mean average precision of the concepts on held-out styles, two compositions each with nothing named."""
    index = world.held_out.nonzero()[:, 0].repeat(2)
    scores, targets = [], []
    for some in index.split(256):
        values, uniforms = filled(torch.full((len(some), len(ATTRIBUTES)), -1, device=run.device))
        x = emoji_data.normalised(compose(world.rgba(some), values, uniforms))
        scores.append(learner(x)[0].float())
        targets.append(world.targets(world.label[some], values))
    score, target = torch.cat(scores), torch.cat(targets)
    concepts = slice(0, len(world.targets.concepts))
    precision = average_precision(score[:, concepts], target[:, concepts])
    return float(precision[~precision.isnan()].mean())


def average_precision(scores: Tensor, targets: Tensor) -> Tensor:
    """Of each column, `float32[columns]`; NaN where nothing is to be found."""
    order = scores.argsort(0, descending=True)
    hits = targets.gather(0, order)
    ranks = torch.arange(1, len(hits) + 1, device=hits.device)[:, None]
    return (hits.cumsum(0) / ranks * hits).sum(0) / hits.sum(0)


def main() -> None:
    """The command line; without `--part` it starts one process a part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="wall time, of all parts together")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--resume", type=Path, help="folder of earlier weights to go on from")
    parser.add_argument("--small", action="store_true", help="a rehearsal: few pictures, small batches")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--parts", default=",".join(PARTS), help="which parts to train")
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    started = parsed.started or time.time()
    parsed.out.mkdir(parents=True, exist_ok=True)
    if parsed.part is None:
        command = [sys.executable, *sys.argv, "--started", str(started), "--part"]
        running = [subprocess.Popen([*command, part]) for part in parsed.parts.split(",")]
        codes = [process.wait() for process in running]
        print(f"ended with {codes} after {time.time() - started:.0f} s", flush=True)
        raise SystemExit(max(codes))
    if parsed.device == "cpu":
        torch.set_num_threads(1)
    else:
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    run = Run(
        parsed.data,
        parsed.out,
        parsed.seconds,
        started,
        torch.device(parsed.device),
        parsed.small,
        parsed.resume,
        tuple(parsed.parts.split(",")),
    )
    {
        "denoiser": train_denoiser,
        "decoder": train_decoder,
        "judge": train_judge,
        "resnet18": train_resnet18,
        "composer": train_composer,
    }[parsed.part](run)


if __name__ == "__main__":
    main()
