import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llama_cpp
import msgspec
import numpy as np
import pytest
import torch

from line_tui.errors import MemoryLimitError, UnknownNameError, UsageError
from line_tui.events import Settings
from line_tui.explain.ports import Prompt
from line_tui.models import loader
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.generators import open_generator
from line_tui.models.loader import (
    MAX_THREADS,
    check_device,
    default_device,
    default_threads,
    layers_of,
    load,
    load_language,
    load_vision,
    step_down,
)
from line_tui.models.memory import Free, spell_out
from line_tui.models.offloading import OffloadedLanguage
from line_tui.models.vision import TorchVision

FIXED = Settings(
    batch_size=3,
    threads=1,
    device="cpu",
    pooling="as-is",
    generator="",
    language="",
    vision="",
    prompt_template="",
    steps=1,
    guidance=1.0,
    image_size=64,
)


def seen_by(loaded: loader.Loaded) -> TorchVision:
    assert isinstance(loaded.vision, TorchVision)
    return loaded.vision


@pytest.fixture(autouse=True)
def threads() -> Iterator[Any]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_bundled_profile_from_word_to_activation() -> None:
    heard: list[str] = []
    loaded = load("demo", "emoji-resnet18", threads=1, device="cpu", on_progress=heard.append)
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
    loaded = load("demo", "resnet18:random", FIXED, threads=2, device="cuda")
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
    monkeypatch.setattr(loader, "plan", lambda needs, free, batch, policy: spell_out(needs, free, memory, batch))
    loaded = load("demo", "resnet18:random", threads=1, device="cpu", on_progress=heard.append)
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
        load("demo", "resnet18:random", threads=1, device="cpu")
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

    def bring(profile: str, model: Any, plan: Any, *rest: Any) -> None:
        tried.append((plan.policy, plan.batch_size))
        return

    monkeypatch.setattr(loader, "_bring", bring)
    with pytest.raises(MemoryLimitError, match="do not fit in memory"):
        load("demo", "emoji-resnet18", threads=1, device="cpu")
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


def test_listing_needs_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    layers = {layer.name: layer for layer in layers_of("resnet50")}
    assert layers["avgpool"].neurons == 2048 and layers["fc"].names[1] == "goldfish"


@pytest.mark.parametrize(("profile", "model"), [("dem", "emoji-resnet18"), ("demo", "emoji-resnet81")])
def test_unknown_names_come_before_anything_is_loaded(profile: str, model: Any) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        load(profile, model, FIXED)


def test_a_device_that_is_not_there() -> None:
    check_device(default_device())
    with pytest.raises(UsageError, match=r"there is no device 'nonsense' here.*use '"):
        check_device("nonsense")


def test_threads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= default_threads() <= MAX_THREADS
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert default_threads() == 1


def test_the_whole_of_it_is_the_same_in_two_processes() -> None:
    code = (
        "import hashlib; from line_tui.models.loader import load;"
        "loaded = load('demo', 'emoji-resnet18', threads=1, device='cpu');"
        "pictures = loaded.models.generator.draw(['dog', 'boat'], [1, 2], lambda step, steps: None);"
        "seen = loaded.models.vision.record(pictures, 'layer4', 5);"
        "data = b''.join(p.tobytes() for p in pictures) + seen.activations.tobytes() + seen.maps.tobytes();"
        "print(loaded.models.generator.name, hashlib.sha256(data).hexdigest())"
    )
    said = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)]
    assert said[0] == said[1] and said[0].startswith(b"emoji-diffusion@")


@pytest.mark.parametrize("memory", ["resident", "swap"])
def test_the_layers_that_fit_on_the_gpu_are_found_once_and_kept(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPU is made up: everything computes on the CPU, and is told apart by what is asked of llama.cpp."""
    asked = []

    def crowded(entry: Any, threads: int, gpu_layers: Any, on_note: Any, *, gpu: Any) -> Any:
        asked.append(gpu_layers)
        language = load_language(entry, threads)
        if gpu_layers is None:
            language.gpu_layers = 15
            on_note("15 of its 30 layers fit")
        else:
            language.gpu_layers = gpu_layers
        return language

    monkeypatch.setattr(loader, "load_language", crowded)
    monkeypatch.setattr(loader, "check_device", lambda device: None)
    monkeypatch.setattr(loader, "free_memory", lambda device: Free(ram=32000, gpu=32000))
    monkeypatch.setattr(
        loader, "load_vision", lambda model, catalog, batch, _: load_vision(model, catalog, batch, "cpu")
    )
    monkeypatch.setattr(loader, "gauge_of", lambda device: None)
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(torch.accelerator, "empty_cache", lambda: None)
    monkeypatch.setattr(
        loader, "open_generator", lambda folder, entry, device, batch: open_generator(folder, entry, "cpu", batch)
    )
    loaded = load("demo", "resnet18:random", threads=1, device="cuda", memory=memory)
    assert (loaded.gpu_layers, loaded.notes) == (15, ("15 of its 30 layers fit",))
    if memory == "swap":
        loaded.models.generator.draw(["dog"], [1], lambda step, steps: None)
        loaded.models.language._device.bring_in(loaded.models.language)  # type: ignore[attr-defined]
        assert asked == [None, 15]
    fixed = msgspec.structs.replace(FIXED, device="cuda", memory=memory, gpu_layers=15)
    assert load("demo", "resnet18:random", fixed).gpu_layers == 15 == asked[-1]
    alone = msgspec.structs.replace(fixed, memory="cpu-llm", gpu_layers=0)
    assert load("demo", "resnet18:random", alone).gpu_layers == 0 == asked[-1]
