import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from line_tui.config import EngineDefaults
from line_tui.errors import MemoryLimitError, UnknownNameError
from line_tui.explain.ports import Prompt
from line_tui.models import loader
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.loaded import LoadedModels
from line_tui.models.loader import load, step_down
from line_tui.models.memory_plan import Free, make_plan
from line_tui.models.offloading import OffloadedLanguage
from line_tui.models.vision import TorchVision
from tests.fakes import SETTINGS

CPU = EngineDefaults(threads=1, device="cpu")
FIXED = msgspec.structs.replace(SETTINGS, batch_size=3)


def seen_by(loaded: LoadedModels) -> TorchVision:
    assert isinstance(loaded.models.vision, TorchVision)
    return loaded.models.vision


@pytest.fixture(autouse=True)
def threads() -> Iterator[Any]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_bundled_profile_from_word_to_activation() -> None:
    heard: list[str] = []
    loaded = load("demo", "emoji-resnet18", settings=CPU, on_progress=heard.append)
    assert heard[0].startswith("all models stay loaded, 8 pictures at a time: ")
    assert heard[1:] == ["vision model emoji-resnet18", "generator emoji-diffusion", "language model smollm2-135m"]
    assert (loaded.threads, loaded.device, torch.get_num_threads()) == (1, "cpu", 1)
    models = loaded.models
    assert models.language.style == "few-shot"
    assert seen_by(loaded).batch_size == models.generator.batch_size
    words = ["dog", "red apple", "car"]
    pictures = models.generator.draw(words, [1, 2, 3], lambda step, steps: None)
    seen = models.vision.record(pictures, "fc")
    assert seen.activations.shape == (3, seen_by(loaded).check("fc").neurons)
    names = seen_by(loaded).check("fc").names
    best = {word: {names[i] for i in np.argsort(-row)[:8]} for word, row in zip(words, seen.activations, strict=True)}
    assert best["dog"] & {"dog", "mammal", "animal"} and best["red apple"] & {"fruit", "food"}
    assert loaded.embedder.embed(words).shape == (3, 384)


def test_a_resumed_run_keeps_its_settings() -> None:
    loaded = load("demo", "resnet18:random", FIXED, settings=EngineDefaults(threads=2, device="cuda"))
    assert (loaded.threads, loaded.device) == (1, "cpu")
    assert loaded.models.generator.batch_size == seen_by(loaded).batch_size == 3


class SmallGauge:
    """Room for the working memory of two of the pictures that a test's generator draws, and of no third."""

    def __init__(self) -> None:
        self.drawn: list[int] = []

    def free(self) -> Any:
        return 100

    def peak(self, work: Any) -> Any:
        work()
        return 30 * self.drawn[-1]


@pytest.mark.parametrize("memory", ["resident", "swap"])
def test_the_batch_is_found_before_the_run_and_kept_on_resume(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gauge = SmallGauge()
    heard: list[str] = []
    rehearse = DiffusersGenerator.rehearse

    def counted(self: DiffusersGenerator, batch_size: int, on_step: Any) -> None:
        gauge.drawn.append(batch_size)
        rehearse(self, batch_size, on_step)

    monkeypatch.setattr(DiffusersGenerator, "rehearse", counted)
    monkeypatch.setattr(loader, "gauge_of", lambda device: gauge)
    monkeypatch.setattr(loader, "plan", lambda needs, free, batch, policy: make_plan(needs, free, memory, batch))
    loaded = load("demo", "resnet18:random", settings=CPU, on_progress=heard.append)
    assert gauge.drawn == [1, 2]
    assert loaded.memory == memory
    assert loaded.models.generator.batch_size == seen_by(loaded).batch_size == 2
    assert "finding the batch size: 2 of up to 8 pictures at a time" in heard
    assert "2 of up to 8 pictures at a time fit" in heard
    assert len(loaded.models.generator.draw(["dog", "cat"], [1, 2], lambda step, steps: None)) == 2
    load("demo", "resnet18:random", FIXED)
    assert gauge.drawn == [1, 2]


def test_what_does_not_fit_at_all_is_not_tried_with_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Full(SmallGauge):
        def peak(self, work: Any) -> None:
            asked.append(work)
            raise MemoryLimitError("1 pictures do not fit in memory", "buy memory")

    monkeypatch.setattr(loader, "gauge_of", lambda device: Full())
    with pytest.raises(MemoryLimitError, match="do not fit in memory, though"):
        load("demo", "resnet18:random", settings=CPU)
    assert len(asked) == 1


def test_taking_turns_changes_no_output() -> None:
    prompt = Prompt(head="red: apple\ngreen: frog\n", tail="blue:", system="", user="", grammar="root ::= [a-z ]+")

    def work(loaded: Any) -> Any:
        language, generator = loaded.models.language, loaded.models.generator
        replies, pictures = [], []
        for seed in (1, 2):
            replies.append(language.complete(prompt, seed, 0.5, lambda text, thinking: None).text)
            pictures += generator.draw(["dog"], [seed], lambda step, steps: None)
        return replies, [picture.tobytes() for picture in pictures]

    resident = work(load("demo", "resnet18:random", FIXED))
    in_turn = load("demo", "resnet18:random", msgspec.structs.replace(FIXED, memory="swap"))
    assert isinstance(in_turn.models.language, OffloadedLanguage) and in_turn.memory == "swap"
    assert work(in_turn) == resident


def test_what_does_not_fit_steps_down_to_what_does(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def load_as_planned(profile: str, model: Any, plan: Any, *rest: Any) -> None:
        tried.append((plan.policy, plan.batch_size))
        return

    monkeypatch.setattr(loader, "_load_as_planned", load_as_planned)
    with pytest.raises(MemoryLimitError, match="do not fit in memory"):
        load("demo", "emoji-resnet18", settings=CPU)
    assert tried == [("resident", 8), ("resident", 4), ("resident", 2), ("resident", 1)]


@pytest.mark.parametrize(
    ("memory", "batch_size", "next_one"), [("resident", 8, ("resident", 4)), ("resident", 1, None)]
)
def test_the_next_settings_on_a_cpu(memory: Any, batch_size: int, next_one: Any) -> None:
    settings = msgspec.structs.replace(FIXED, memory=memory, batch_size=batch_size)
    lower = step_down("demo", "emoji-resnet18", settings)
    assert (lower and (lower.memory, lower.batch_size)) == next_one
    assert lower is None or not lower.bit_identical


def test_the_next_settings_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "free_memory", lambda device: Free(ram=32000, gpu=1))
    settings = msgspec.structs.replace(FIXED, device="cuda", batch_size=1)
    swapping = step_down("demo", "emoji-resnet18", settings)
    assert swapping and swapping.memory == "swap"
    alone = step_down("demo", "emoji-resnet18", swapping)
    assert alone and alone.memory == "cpu-llm"
    assert step_down("demo", "emoji-resnet18", alone) is None


@pytest.mark.parametrize(("profile", "model"), [("dem", "emoji-resnet18"), ("demo", "emoji-resnet81")])
def test_unknown_names_come_before_anything_is_loaded(profile: str, model: Any) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        load(profile, model, FIXED)


def digest() -> str:
    """What the bundled generator draws and the bundled network sees, with models that are loaded now."""
    loaded = load("demo", "emoji-resnet18", FIXED)
    pictures = loaded.models.generator.draw(["dog", "boat"], [1, 2], lambda step, steps: None)
    seen = loaded.models.vision.record(pictures, "layer4", 5)
    assert seen.maps is not None
    data = [*(picture.tobytes() for picture in pictures), seen.activations.tobytes(), seen.maps.tobytes()]
    return f"{loaded.models.generator.name} {sha256(b''.join(data)).hexdigest()}"


def test_the_whole_of_it_is_the_same_in_a_process_of_its_own() -> None:
    here = digest()
    there = [sys.executable, "-c", "from tests.models.test_loader import digest; print(digest())"]
    assert subprocess.run(there, capture_output=True, text=True, check=True).stdout.strip() == here
    assert here.startswith("emoji-diffusion@")
