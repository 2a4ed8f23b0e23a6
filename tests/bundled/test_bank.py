import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from line_tui.engine.bundled_bank import SETTINGS, BundledBank
from line_tui.explain.seeds import image_seed
from line_tui.explain.thumbnails import thumbnail
from line_tui.models.generator import DiffusersGenerator
from line_tui.worlds.emoji.planted import PlantedNetwork
from tests.bundled.conftest import MODELS, prepared, read


@pytest.fixture(scope="module")
def activations() -> dict[str, torch.Tensor]:
    return load_file(MODELS / "emoji-bank" / "activations.safetensors")


def test_shapes(activations: dict[str, torch.Tensor]) -> None:
    bank = read("emoji-bank/bank.json")
    words, images = len(bank["concepts"]), bank["images_per_concept"]
    assert set(activations) == set(bank["layers"]) == {"fc", "avgpool", "layer3", "planted"}
    assert words >= 900 and images == 4
    assert all(values.shape[:2] == (words, images) for values in activations.values())
    assert all(values.isfinite().all() for values in activations.values())


def test_it_was_made_with_the_generator_that_is_shipped(generator: DiffusersGenerator) -> None:
    bank = read("emoji-bank/bank.json")
    assert bank["generator"] == generator.name
    assert {key: bank[key] for key in SETTINGS} == {key: getattr(generator, key) for key in SETTINGS}


def test_drawing_a_concept_again_gives_the_activations_of_the_bank(
    generator: DiffusersGenerator, planted: PlantedNetwork, activations: dict[str, torch.Tensor]
) -> None:
    bank = read("emoji-bank/bank.json")
    for row in (0, len(bank["concepts"]) // 2):
        word = bank["concepts"][row]
        seeds = [image_seed(bank["run_seed"], word, index) for index in range(4)]
        drawn = generator.draw([word] * 4, seeds, lambda step, steps: None)
        small = [np.frombuffer(thumbnail(picture), np.uint8).astype(int) for picture in drawn]
        shipped = [np.frombuffer(picture, np.uint8).astype(int) for picture in BundledBank().thumbnails[word]]
        # The shipped ones went through a JPEG.
        assert np.abs(np.stack(small) - np.stack(shipped)).mean() < 6
        with torch.inference_mode():
            logits = planted.network(prepared(drawn))
        # Half a unit in the third digit for float16, and another machine's last digits.
        assert torch.allclose(logits, activations["fc"][row].float(), atol=0.1)
