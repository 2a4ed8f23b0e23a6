"""The shipped bank is taken for the models that it was made with, and for no others."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from line_tui.engine import bundled_bank
from line_tui.engine.bundled_bank import BundledBank
from line_tui.errors import ModelFileError
from line_tui.events import THUMBNAIL
from line_tui.models.catalog import read_catalog
from line_tui.models.generator_names import generator_name
from line_tui.models.model_files import bundled_models
from tests.fakes import FakeGenerator, FakeVision


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bank of two concepts for a vision model whose weights are one small file."""
    (tmp_path / "emoji-resnet18").mkdir()
    save_file({"w": np.ones(3, np.float32)}, tmp_path / "emoji-resnet18" / "model.safetensors")
    monkeypatch.setattr(bundled_bank, "bundled_models", lambda: tmp_path)
    digest = bundled_bank.weights_digest(tmp_path / "emoji-resnet18")
    generator = FakeGenerator()
    card = {setting: getattr(generator, setting) for setting in bundled_bank.SETTINGS} | {
        "id": "bank@1",
        "generator": generator.name,
        "layers": {"fc": "emoji-resnet18"},
        "weights": {"emoji-resnet18": digest},
        "concepts": ["rose", "map"],
        "something": "newer",
    }
    path = tmp_path / "emoji-bank"
    path.mkdir()
    (path / "bank.json").write_text(json.dumps(card))
    save_file({"fc": np.arange(12, dtype=np.float16).reshape(2, 2, 3)}, path / "activations.safetensors")
    return path


def vision(name: str = "emoji-resnet18@abc") -> FakeVision:
    fake = FakeVision()
    fake.name = name
    return fake


def test_the_bank_of_its_own_models(folder: Path) -> None:
    found = BundledBank(folder).find(FakeGenerator(), vision(), "fc")
    assert found is not None and (found.id, found.concepts) == ("bank@1", ["rose", "map"])
    assert found.activations.dtype == np.float32 and found.activations[1, 0].tolist() == [6, 7, 8]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other@1"),
        ("prompt_template", "{concept}"),
        ("steps", 3),
        ("guidance", 1.0),
        ("size", 48),
        ("batch_size", 8),
    ],
)
def test_not_for_another_generator(folder: Path, field: str, value: object) -> None:
    generator = FakeGenerator()
    setattr(generator, field, value)
    assert BundledBank(folder).find(generator, vision(), "fc") is None


def test_not_for_another_layer_or_other_weights(folder: Path) -> None:
    assert BundledBank(folder).find(FakeGenerator(), vision(), "layer3") is None
    assert BundledBank(folder).find(FakeGenerator(), vision("resnet50@abc"), "fc") is None
    weights = folder.parent / "emoji-resnet18" / "model.safetensors"
    save_file({"w": np.zeros(3, np.float32)}, weights)
    assert BundledBank(folder).find(FakeGenerator(), vision(), "fc") is None


@pytest.mark.parametrize(("device", "fits"), [("cpu", True), ("cuda", True), ("cuda:1", True), ("abacus", False)])
def test_the_same_weights_on_another_device(device: str, fits: bool) -> None:
    card = BundledBank().card
    entry = read_catalog().find_generator("emoji-diffusion")
    generator = FakeGenerator()
    generator.name = generator_name(bundled_models() / "emoji-diffusion", entry, device)
    for field in bundled_bank.SETTINGS:
        setattr(generator, field, getattr(card, field))
    found = BundledBank().find(generator, vision(), "fc")
    assert (found is not None) == fits


def test_its_pictures_are_a_row_of_small_ones_for_each_word(folder: Path) -> None:
    assert BundledBank(folder).thumbnails == {}
    sheet = np.zeros((2 * THUMBNAIL, 2 * THUMBNAIL, 3), np.uint8)
    sheet[THUMBNAIL:, :THUMBNAIL] = 255
    Image.fromarray(sheet).save(folder / "pictures.jpg", quality=95, subsampling=0)
    found = BundledBank(folder).thumbnails
    light = {word: [np.mean(list(picture)) > 128 for picture in pictures] for word, pictures in found.items()}
    assert light == {"rose": [False, False], "map": [True, False]}
    assert {len(picture) for pictures in found.values() for picture in pictures} == {3 * THUMBNAIL * THUMBNAIL}
    (folder / "pictures.jpg").write_bytes(b"short")
    with pytest.raises(ModelFileError, match=r"pictures\.jpg cannot be read"):
        BundledBank(folder).thumbnails  # noqa: B018


def test_damaged_files_are_reported(folder: Path) -> None:
    (folder / "activations.safetensors").write_bytes(b"short")
    with pytest.raises(ModelFileError, match="install line-tui again"):
        BundledBank(folder).find(FakeGenerator(), vision(), "fc")
    (folder / "bank.json").write_text("{")
    with pytest.raises(ModelFileError, match=r"bank\.json cannot be read"):
        BundledBank(folder).card  # noqa: B018
