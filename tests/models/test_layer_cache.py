import os
from pathlib import Path

import msgspec
import pytest

from line_tui.layers import LayerInfo
from line_tui.models.catalog import Catalog, shipped_catalog
from line_tui.models.layer_cache import LayerCache, shipped_layers
from tests.models.toys import mine

LAYERS = [LayerInfo(name="fc", kind="Linear", shape=[2], neurons=2, pooling="none", names=["red", "green"])]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"one")
    return path


def cache(tmp_path: Path, weights: Path, **entry: object) -> LayerCache:
    [usual] = mine(weights, architecture="resnet18").vision
    return LayerCache(tmp_path / "layers", Catalog(vision=[msgspec.structs.replace(usual, **entry)]))


def test_layers_are_kept_by_model(tmp_path: Path, weights: Path) -> None:
    kept = cache(tmp_path, weights)
    assert kept.read("mine") is None
    kept.keep("mine", LAYERS)
    assert cache(tmp_path, weights).read("mine") == LAYERS
    assert kept.read("resnet50") is None
    kept.keep("resnet50", LAYERS[:0])
    assert kept.read("resnet50") == []


def test_another_file_entry_or_library_is_another_model(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache(tmp_path, weights).keep("mine", LAYERS)
    assert cache(tmp_path, weights, classes=7).read("mine") is None
    monkeypatch.setattr("line_tui.models.layer_cache.version", lambda package: "0")
    assert cache(tmp_path, weights).read("mine") is None
    monkeypatch.undo()
    assert cache(tmp_path, weights).read("mine") == LAYERS
    # Of the same size, a moment later.
    os.utime(weights, ns=(weights.stat().st_atime_ns, weights.stat().st_mtime_ns + 1))
    assert cache(tmp_path, weights).read("mine") is None


def test_weights_named_with_an_architecture_count_too(tmp_path: Path, weights: Path) -> None:
    kept, name = LayerCache(tmp_path / "layers", Catalog()), f"resnet18:{weights}"
    kept.keep(name, LAYERS)
    assert kept.read(name) == LAYERS
    weights.write_bytes(b"other")
    assert kept.read(name) is None


def test_a_damaged_file_and_a_folder_that_is_none_are_as_nothing(tmp_path: Path, weights: Path) -> None:
    kept = cache(tmp_path, weights)
    kept.keep("mine", LAYERS)
    for file in (tmp_path / "layers").iterdir():
        file.write_bytes(b"[{")
    assert kept.read("mine") is None
    (tmp_path / "file").touch()
    LayerCache(tmp_path / "file", Catalog()).keep("mine", LAYERS)


def test_installed_models_need_no_earlier_start(tmp_path: Path, weights: Path) -> None:
    at_first = LayerCache(tmp_path / "layers", shipped_catalog())
    assert at_first.read("emoji-resnet18") == shipped_layers()["emoji-resnet18"]
    at_first.keep("emoji-resnet18", LAYERS)
    assert at_first.read("emoji-resnet18") == LAYERS


def test_an_entry_of_the_users_own_is_no_installed_model(tmp_path: Path, weights: Path) -> None:
    assert cache(tmp_path, weights, id="emoji-resnet18").read("emoji-resnet18") is None
