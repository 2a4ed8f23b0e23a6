"""Models that were saved in the wrong state are refused, broken neurons are named, and a change is another model."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from line_tui.errors import LineError, ModelFileError, UsageError
from line_tui.models.catalog import Catalog, Encoder
from line_tui.models.model_files import Source
from line_tui.models.networks import find_network
from line_tui.models.vision_checks import builtin_pictures
from line_tui.models.vision_loader import layers_of, load_vision
from tests.models import tiny
from tests.models.toys import export, mine

SAID = {"size": 32, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "allow_code": True}


class Net(nn.Module):
    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.middle = middle
        self.fc = nn.Linear(8, 6)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.middle(self.conv(x)).relu().mean((2, 3)))


class AlwaysDrops(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.3)


def exported(model: nn.Module, path: Path) -> None:
    export(model, path, 32)


def exported_for_one_size(model: nn.Module, path: Path) -> None:
    export(model, path, 32, fixed=2)


def traced(model: nn.Module, path: Path) -> None:
    torch.jit.trace(model, torch.zeros(2, 3, 32, 32), check_trace=False).save(path)


SAVES = {exported: "export", exported_for_one_size: "export", traced: "torchscript"}


@pytest.mark.parametrize("save", SAVES, ids=lambda save: save.__name__)
@pytest.mark.parametrize("middle", [nn.Dropout(0.5), nn.Dropout2d(0.5), nn.BatchNorm2d(8), AlwaysDrops()])
def test_a_model_saved_in_training_mode_is_refused(save: Any, middle: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    save(Net(middle).train(), tmp_path / "net")
    with pytest.raises(UsageError, match=r"different activations for the same picture.*needs model.eval"):
        load_vision("mine", mine(tmp_path / "net", format=SAVES[save], **SAID), 2, "cpu")


@pytest.mark.parametrize("save", SAVES, ids=lambda save: save.__name__)
@pytest.mark.parametrize("middle", [nn.Dropout(0.5), nn.BatchNorm2d(8)])
def test_a_model_saved_for_use_is_not(save: Any, middle: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    save(Net(middle).eval(), tmp_path / "net")
    assert load_vision("mine", mine(tmp_path / "net", format=SAVES[save], **SAID), 2, "cpu").layers


@pytest.mark.parametrize("format", ["export", "torchscript"])
def test_preprocessing_that_a_file_lacks_must_be_declared(format: str, tmp_path: Path) -> None:
    {"export": exported, "torchscript": traced}[format](Net(nn.Identity()).eval(), tmp_path / "net")
    for left_out in ("size", "mean", "std"):
        said = {key: value for key, value in SAID.items() if key != left_out}
        with pytest.raises(UsageError, match=f"add {left_out}"):
            load_vision("mine", mine(tmp_path / "net", format=format, **said), 2, "cpu")
    with pytest.raises(UsageError, match="add size, mean and std"):
        load_vision("mine", mine(tmp_path / "net", format=format, allow_code=True), 2, "cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_one_broken_weight_breaks_one_neuron(value: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights = torchvision.models.resnet18(num_classes=5).state_dict()
    weights["fc.weight"][3, 7] = value
    torch.save(weights, tmp_path / "w.pth")
    vision = load_vision(f"resnet18:{tmp_path}/w.pth", Catalog(), 2, "cpu")
    pictures = builtin_pictures(64)
    with pytest.raises(ModelFileError, match=r"layer fc, neuron 3: its activation is .*not finite"):
        vision.record(pictures, "fc", 3)
    seen = vision.record(pictures, "fc", 2).activations
    assert np.isnan(seen[:, 3]).all() and np.isfinite(np.delete(seen, 3, axis=1)).all()


def other_weights(path: Any) -> None:
    weights = torch.load(path)
    middle = weights["layer2.0.conv1.weight"]
    # One value far from both ends of the file, whose size stays.
    middle[0, 0, 0, 0] += 1
    torch.save(weights, path)


def test_identity_is_the_content_of_weights_and_all_that_is_done_to_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(num_classes=5).state_dict(), path)

    def revision(**options: Any) -> Any:
        return find_network("mine", mine(path, format="weights", architecture="resnet18", **options)).revision()

    usual = revision()
    assert usual == revision()
    said: list[dict[str, Any]] = [{"size": 96}, {"resize": 300}, {"mean": (0.1, 0.2, 0.3)}, {"std": (0.1, 0.2, 0.3)}]
    assert len({usual, *(revision(**options) for options in said)}) == 1 + len(said)
    copy = tmp_path / "copy.pth"
    copy.write_bytes(path.read_bytes())
    size = path.stat().st_size
    other_weights(path)
    assert path.stat().st_size == size and revision() != usual
    path.write_bytes(copy.read_bytes())
    assert revision() == usual


HELPER = "FACTOR = {factor}\n"
MODULE = """
import json
from pathlib import Path

import numpy as np
from line_tui_test_helper import FACTOR

SHIFT = json.loads((Path(__file__).parent / "shift.json").read_text())


def look(pictures):
    return pictures.mean((1, 2)) * FACTOR + SHIFT
"""


def test_a_function_that_was_edited_answers_anew(tmp_path: Path) -> None:
    def write(folder: Any, factor: float, shift: float) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "line_tui_test_fresh.py").write_text(MODULE)
        (folder / "line_tui_test_helper.py").write_text(HELPER.format(factor=factor))
        (folder / "shift.json").write_text(str(shift))

    def look(folder: Any) -> Any:
        catalog = mine(folder, format="function", function="line_tui_test_fresh:look", allow_code=True)
        vision = load_vision("mine", catalog, 2, "cpu")
        white = np.full((4, 4, 3), 100, np.uint8)
        return vision.name, float(vision.record([white], "output").activations[0, 0])

    names = set()
    for folder, factor, shift in [("a", 1, 0), ("a", 2, 0), ("a", 2, 5), ("b", 3, 0), ("a", 1, 0)]:
        write(tmp_path / folder, factor, shift)
        name, value = look(tmp_path / folder)
        assert value == 100 * factor + shift
        names.add(name)
    assert len(names) == 4


class Trap:
    def __reduce__(self) -> Any:
        return (exec, ("open('unpickled', 'w')",))


def trap_pth(path: Any) -> Any:
    torch.save({"weight": Trap()}, path / "w.pth")
    return f"resnet18:{path}/w.pth", Catalog()


def trap_raw_pickle(path: Any) -> Any:
    (path / "w.pth").write_bytes(pickle.dumps(Trap()))
    return f"resnet18:{path}/w.pth", Catalog()


def trap_whole_model(path: Any) -> Any:
    torch.save(torchvision.models.resnet18(num_classes=2), path / "w.pth")
    return f"resnet18:{path}/w.pth", Catalog()


def trap_export(path: Any) -> Any:
    exported(Net(nn.Identity()).eval(), path / "good.pt2")
    with zipfile.ZipFile(path / "good.pt2") as good, zipfile.ZipFile(path / "w.pt2", "w") as bad:
        for name in good.namelist():
            hidden = name.endswith(("sample_inputs.pt", "model.pt")) or "sample_inputs" in name
            bad.writestr(name, pickle.dumps(Trap()) if hidden else good.read(name))
    return "mine", mine(path / "w.pt2", format="export", size=32, mean=(0.5,) * 3, std=(0.5,) * 3)


def trap_torchscript(path: Any) -> Any:
    traced(Net(nn.Identity()).eval(), path / "w.pt")
    return "mine", mine(path / "w.pt", format="torchscript", size=32, mean=(0.5,) * 3, std=(0.5,) * 3)


def trap_function(path: Any) -> Any:
    (path / "line_tui_test_trap.py").write_text("open('unpickled', 'w')\n")
    return "mine", mine(path, format="function", function="line_tui_test_trap:look")


def trap_transformers(path: Any) -> Any:
    (path / "config.json").write_text(
        '{"model_type": "mine", "auto_map": {"AutoConfig": "code.C", "AutoModel": "code.M"}, "architectures": ["M"]}'
    )
    (path / "code.py").write_text("open('unpickled', 'w')\n")
    return "mine", mine(path, format="transformers")


def trap_transformers_pickle(path: Any) -> Any:
    tiny.vit().save_pretrained(path)
    tiny.vit_processor().save_pretrained(path)
    (path / "model.safetensors").unlink()
    torch.save({"weight": Trap()}, path / "pytorch_model.bin")
    return "mine", mine(path, format="transformers")


def trap_timm(path: Any) -> Any:
    (path / "config.json").write_text('{"architecture": "test_resnet", "num_classes": 2, "pretrained_cfg": {}}')
    torch.save({"weight": Trap()}, path / "pytorch_model.bin")
    return "mine", mine(path, format="timm")


def trap_encoder(path: Any) -> Any:
    torch.save({"W_enc": Trap()}, path / "sae.pth")
    encoder = Encoder(layer="layer4", path=str(path / "sae.pth"))
    return "mine", mine(Source(bundled="emoji-resnet18"), encoder=encoder)


TRAPS = [value for name, value in list(globals().items()) if name.startswith("trap_")]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_no_format_runs_code_that_is_not_allowed(trap: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, catalog = trap(tmp_path)
    monkeypatch.chdir(tmp_path)
    for way in (lambda: layers_of(name, catalog), lambda: load_vision(name, catalog, 2, "cpu")):
        try:
            way()
        except LineError as error:
            assert "\n" not in str(error) and len(str(error)) < 700
        else:
            # Layers need no weights.
            assert trap in (trap_timm, trap_transformers_pickle)
    with pytest.raises(LineError):
        load_vision(name, catalog, 2, "cpu")
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("architecture", ["fasterrcnn_resnet50_fpn", "fcn_resnet50", "r3d_18", "quantized_resnet18"])
def test_only_classification_networks_are_built(architecture: str, tmp_path: Path) -> None:
    # Others fetch a backbone.
    said = {"architecture": architecture, "num_classes": 2, "input_size": 32, "mean": [0.5] * 3, "std": [0.5] * 3}
    (tmp_path / "config.json").write_text(json.dumps(said))
    save_file({"weight": torch.ones(2)}, tmp_path / "model.safetensors")
    for way in (
        lambda: layers_of("mine", mine(tmp_path, format="weights")),
        lambda: load_vision(
            "mine", mine(tmp_path / "model.safetensors", format="weights", architecture=architecture), 1, "cpu"
        ),
        lambda: find_network(f"{architecture}:random", Catalog()),
    ):
        with pytest.raises(LineError, match=f"named '{architecture}'"):
            way()
