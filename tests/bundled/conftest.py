"""The shipped models, each loaded once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from line_tui.explain.ports import Picture
from line_tui.models.catalog import GeneratorEntry, shipped_catalog
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.model_files import bundled_models
from line_tui.models.networks import find_network
from line_tui.worlds.emoji.planted import PlantedNetwork

MODELS = bundled_models()


def read(name: str) -> Any:
    return json.loads((MODELS / name).read_text(encoding="utf-8"))


def prepared(drawn: list[Picture]) -> torch.Tensor:
    """Pictures as the vision models take them: `float32[n, 3, 96, 96]`."""
    config = read("emoji-resnet18/config.json")
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("mean", "std"))
    stacked = torch.stack([torch.from_numpy(picture) for picture in drawn])
    return (stacked.permute(0, 3, 1, 2) / 255 - mean) / std


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures this small gain nothing from more threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def entry() -> GeneratorEntry:
    return shipped_catalog().find_generator("emoji-diffusion")


@pytest.fixture(scope="session")
def generator(entry: GeneratorEntry) -> DiffusersGenerator:
    return DiffusersGenerator(MODELS / "emoji-diffusion", entry)


@pytest.fixture(scope="session")
def network() -> nn.Module:
    return find_network("emoji-resnet18", shipped_catalog()).load()


@pytest.fixture(scope="session")
def planted() -> PlantedNetwork:
    loaded = find_network("emoji-planted", shipped_catalog()).load()
    assert isinstance(loaded, PlantedNetwork)
    return loaded


@pytest.fixture(scope="session")
def pictures(generator: DiffusersGenerator) -> dict[str, torch.Tensor]:
    """Four pictures of each of some concepts, as the vision models take them."""
    words = ("strawberry", "dog face", "grinning face", "red heart", "airplane", "guitar")
    return {word: prepared(generator.draw([word] * 4, [1, 2, 3, 4], lambda step, steps: None)) for word in words}
