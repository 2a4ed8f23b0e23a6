"""Fakes of the three models, the embedder, the album and the journal: the whole loop in milliseconds.

The world they make is a world of colours. A concept has a colour (`COLOURS`, else one derived from the word),
the generator paints it with a little noise by seed, and neuron 0, 1, 2 of the vision model is the mean of the
red, green, blue channel. So "strawberry" is the best word for neuron 0, and all scores can be worked out by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from line_tui.events import DurableEvent, EphemeralEvent, ImageRecord, Settings
from line_tui.explain.ports import Completion, Floats, OnStep, OnToken, Picture, Prompt, Recording
from line_tui.explain.seeds import derive

COLOURS: dict[str, tuple[int, int, int]] = {
    "strawberry": (240, 20, 20),
    "rose": (225, 40, 60),
    "fire engine": (210, 30, 30),
    "tomato": (200, 50, 40),
    "frog": (20, 235, 30),
    "grass": (40, 215, 40),
    "cucumber": (50, 190, 60),
    "ocean": (20, 40, 240),
    "sapphire": (30, 30, 220),
    "blueberry": (60, 60, 180),
    "snow": (240, 240, 240),
    "coal": (15, 15, 15),
}
VOCABULARY = [
    "tomato",
    "grass",
    "ocean",
    "coal",
    "stone",
    "bread",
    "chair",
    "violin",
    "cloud",
    "lamp",
    "boot",
    "map",
]
"""Words for a control set; the best words of every neuron are not among them."""

_MORE = ["castle", "river", "spoon", "ladder", "candle", "pencil", "basket", "anchor", "button", "feather"]
LAYERS = {"fc": [3], "conv": [3, 4, 4]}
"""Layer -> shape of its output for one image."""
HUES = "hues"
_CORNERS = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], np.float32)


def colour(concept: str) -> tuple[int, int, int]:
    """The mean colour of a concept's pictures; unknown words are dull."""
    if concept in COLOURS:
        return COLOURS[concept]
    number = derive("colour", concept)
    return (60 + number % 80, 60 + number // 80 % 80, 60 + number // 6400 % 80)


class FakeLanguage:
    """Says `replies` one after the other, then words picked by the seed of the call alone."""

    name = "fake-language"
    style: Literal["few-shot", "chat"] = "few-shot"

    def __init__(self, replies: Sequence[str] = (), words: Sequence[str] = ()) -> None:
        self.replies = list(replies)
        self.words = list(words) or [*COLOURS, *_MORE]
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        self.prompts.append(prompt)
        text = self.replies.pop(0) if self.replies else self.words[derive("word", seed) % len(self.words)]
        for word in text.split(" "):
            on_token(word, False)
        tokens = len((prompt.head + prompt.tail).split())
        return Completion(text, tokens, len(prompt.tail.split()), len(text.split()))


class FakeGenerator:
    """Paints a concept's colour, brighter at the top, with noise by seed. `drawn` counts its pictures."""

    name = "fake-generator@1"
    prompt_template = "a picture of a {concept}"
    steps = 2
    guidance = 0.0
    size = 24
    batch_size = 4

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        assert len(prompts) == len(seeds) <= self.batch_size
        for step in range(self.steps):
            on_step(step + 1, self.steps)
        self.drawn += len(prompts)
        return [_paint(prompt, seed, self.size).copy() for prompt, seed in zip(prompts, seeds, strict=True)]


@lru_cache(maxsize=1 << 12)
def _paint(prompt: str, seed: int, size: int) -> Picture:
    mean = np.array(colour(prompt.removeprefix("a picture of a ")), float)
    random = np.random.default_rng(seed)
    shade = np.linspace(8, -8, size)[:, None, None] + random.normal(0, 6)
    noise = random.normal(0, 4, (size, size, 3))
    return np.asarray(np.clip(mean + shade + noise, 0, 255), np.uint8)


class FakeVision:
    """Neuron 0, 1, 2 of any layer in `LAYERS` is the mean of red, green, blue, in [0, 1].

    Its layer `HUES` is wide enough for concept detectors: nearness of the mean colour to each of eight colours, and 48
    neurons that see no more than noise.
    """

    name = "fake-vision@1"

    def __init__(self) -> None:
        self.looked = 0

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        self.looked += len(pictures)
        stack = np.stack(pictures).astype(np.float32) / 255
        activations = stack.mean(axis=(1, 2))
        if layer == HUES:
            near = np.exp(-6 * ((activations[:, None] - _CORNERS) ** 2).sum(axis=2))
            side = stack.shape[1] // 4
            patches = stack[:, : 4 * side, : 4 * side].reshape(len(stack), 4, side, 4, side, 3).mean(axis=(2, 4))
            patches -= activations[:, None, None]
            return Recording(np.hstack([near, patches.reshape(len(stack), -1)]).astype(np.float32), None)
        shape = LAYERS[layer]
        if neuron is None or len(shape) < 3:
            return Recording(activations, None)
        side, cell = shape[1], stack.shape[1] // shape[1]
        maps = stack[..., neuron].reshape(-1, side, cell, side, cell).mean(axis=(2, 4))
        return Recording(activations, maps)


SETTINGS = Settings(
    batch_size=4,
    threads=1,
    device="cpu",
    pooling="none",
    generator=FakeGenerator.name,
    language=FakeLanguage.name,
    vision=FakeVision.name,
    prompt_template=FakeGenerator.prompt_template,
    steps=2,
    guidance=0.0,
    image_size=24,
)
"""What a run over these models records."""


class FakeEmbedder:
    """Words that share letter triples are near each other."""

    def embed(self, texts: Sequence[str]) -> Floats:
        return np.stack([_triples(text) for text in texts])


@lru_cache(maxsize=1 << 14)
def _triples(text: str) -> Floats:
    row = np.zeros(64, np.float32)
    padded = f"  {text.lower()} "
    for start in range(len(padded) - 2):
        row[derive("triple", padded[start : start + 3]) % 64] += 1
    unit: Floats = row / np.linalg.norm(row)
    return unit


class FakeAlbum:
    """An album in memory."""

    def __init__(self) -> None:
        self.pictures: dict[str, Picture] = {}

    def identity(self, prompt: str, seed: int) -> str:
        return f"{derive('image', prompt, seed):016x}"

    def find(self, identity: str) -> tuple[Picture, str] | None:
        picture = self.pictures.get(identity)
        return None if picture is None else (picture, f"{identity}.png")

    def keep(self, identity: str, prompt: str, seed: int, picture: Picture) -> ImageRecord:
        self.pictures[identity] = picture
        return ImageRecord(identity=identity, path=f"{identity}.png", prompt=prompt, seed=seed)


class FakeJournal:
    """A journal in memory; `pending` is what was said and the loop has not seen yet."""

    def __init__(self) -> None:
        self.stored: list[DurableEvent] = []
        self.ends: list[int] = []
        """How many events were stored after each append."""
        self.shown: list[EphemeralEvent] = []
        self.pending: list[DurableEvent] = []

    def append(self, *events: DurableEvent) -> list[DurableEvent]:
        new = self.new_decisions()
        self.stored.extend(events)
        self.ends.append(len(self.stored))
        return [*new, *events]

    def show(self, event: EphemeralEvent) -> None:
        self.shown.append(event)

    def new_decisions(self) -> list[DurableEvent]:
        new, self.pending = self.pending, []
        self.stored.extend(new)
        return new
