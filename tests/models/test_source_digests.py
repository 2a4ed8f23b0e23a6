"""The same words about other files ask for something else."""

import os
from pathlib import Path

import pytest
from PIL import Image

from line_tui.events import RunSpec
from line_tui.models.source_digests import with_sources


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "w.pth").write_bytes(bytes(300_000))
    path = tmp_path / "catalog.toml"
    path.write_text(f'[[vision]]\nid = "mine"\narchitecture = "resnet18"\nsource = {{ path = "{tmp_path}/w.pth" }}\n')
    return path


def overwrite(path: Path) -> None:
    """One byte in the middle, with the same size and time."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def sources(model: str = "mine", control: Path | None = None) -> str:
    return with_sources(
        RunSpec(model=model, layer="fc", neuron=0, control=None if control is None else str(control))
    ).sources


def test_overwritten_weights_ask_anew(catalog: Path, tmp_path: Path) -> None:
    spec = f"resnet18:{tmp_path}/w.pth"
    first = sources(), sources(spec)
    assert first == (sources(), sources(spec)) and all(first)
    overwrite(tmp_path / "w.pth")
    assert sources() != first[0] and sources(spec) != first[1]
    overwrite(tmp_path / "w.pth")
    assert (sources(), sources(spec)) == first


def test_another_way_of_preparing_pictures_asks_anew(catalog: Path) -> None:
    first = sources()
    catalog.write_text(catalog.read_text() + "size = 96\n")
    assert sources() != first


def test_torchs_cache_and_functions_are_looked_at(catalog: Path, tmp_path: Path) -> None:
    cache = tmp_path / "torch/hub/checkpoints"
    cache.mkdir(parents=True)
    assert sources("resnet18") == sources("resnet18:random") == sources("fake") == ""
    (cache / "resnet18-f37072fd.pth").write_bytes(b"1")
    first = sources("resnet18")
    overwrite(cache / "resnet18-f37072fd.pth")
    assert first and sources("resnet18") != first
    # What is hidden within the folder does not count; that the folder is within a hidden one does not matter.
    folder = tmp_path / ".mine" / "code"
    folder.mkdir(parents=True)
    (folder / "m.py").write_text("1\n")
    (folder / "helper.py").write_text("2\n")
    catalog.write_text(
        f'[[vision]]\nid = "mine"\nformat = "function"\nfunction = "m:f"\nsource = {{ path = "{folder}" }}\n'
    )
    first = sources()
    overwrite(folder / "helper.py")
    assert sources() != first


def test_other_control_pictures_ask_anew(catalog: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (9, 9), (name == "cat" and "red") or "blue").save(folder / name / "a.bmp")
    first = sources(control=folder)
    assert first == sources(control=folder) != sources()
    overwrite(folder / "cat/a.bmp")
    assert sources(control=folder) != first
    overwrite(folder / "cat/a.bmp")
    assert sources(control=folder) == first
    (folder / "cat").rename(folder / "hen")
    assert sources(control=folder) != first
