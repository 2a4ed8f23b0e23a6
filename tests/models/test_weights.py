import pickle
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import densenet121, get_model, resnet18

from line_tui.errors import ModelFileError, UsageError
from line_tui.models.architectures import build, build_empty
from line_tui.models.catalog import Catalog
from line_tui.models.networks import find_network
from line_tui.models.weights import _OLD_DENSENET, count_classes, fill, read_weights
from tests.models.toys import mine


@pytest.fixture
def weights() -> Any:
    return {"weight": torch.eye(2), "bias": torch.ones(2)}


def test_both_formats_and_wrapped_checkpoints(tmp_path: Path, weights: Any) -> None:
    save_file(weights, tmp_path / "a.safetensors")
    torch.save(weights, tmp_path / "b.pth")
    wrapped = {f"module.{key}": value for key, value in weights.items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, tmp_path / "c.pth.tar")
    for name in ("a.safetensors", "b.pth", "c.pth.tar"):
        read = read_weights(tmp_path / name, "m")
        assert read.keys() == weights.keys()
        assert torch.equal(read["weight"], torch.eye(2))


class Trap:
    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('unpickled')",))


def empty(path: Any, weights: Any) -> None:
    path.write_bytes(b"")


def text(path: Any, weights: Any) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\n")


def zeros(path: Any, weights: Any) -> None:
    path.write_bytes(bytes(1000))


def truncated(path: Any, weights: Any) -> None:
    save_file(weights, path) if path.suffix == ".safetensors" else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[:-20])


def trap(path: Any, weights: Any) -> None:
    path.write_bytes(pickle.dumps(Trap()))


def trap_in_zip(path: Any, weights: Any) -> None:
    torch.save({"weight": Trap()}, path)


def no_state_dict(path: Any, weights: Any) -> None:
    torch.save([torch.ones(2)], path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("damage", [empty, text, zeros, truncated])
def test_damaged_files_are_reported_in_one_line(tmp_path: Path, weights: Any, suffix: str, damage: Any) -> None:
    path = tmp_path / f"model{suffix}"
    damage(path, weights)
    with pytest.raises(ModelFileError) as error:
        read_weights(path, "m")
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("damage", [trap, trap_in_zip])
def test_code_in_a_file_never_runs(tmp_path: Path, weights: Any, damage: Any) -> None:
    damage(tmp_path / "model.pth", weights)
    with pytest.raises(ModelFileError, match="never loads"):
        read_weights(tmp_path / "model.pth", "m")


def test_a_file_without_a_state_dict(tmp_path: Path, weights: Any) -> None:
    no_state_dict(tmp_path / "model.pth", weights)
    with pytest.raises(ModelFileError, match="no state_dict"):
        read_weights(tmp_path / "model.pth", "m")


def test_a_missing_file(tmp_path: Path) -> None:
    for name in ("a.pth", "a.safetensors"):
        with pytest.raises(ModelFileError, match="there is no"):
            read_weights(tmp_path / name, "m")


def test_weights_of_another_architecture(tmp_path: Path, weights: Any) -> None:
    with pytest.raises(ModelFileError, match=r"belongs to another architecture: weight is \[2, 2\], not \[2, 3\]"):
        fill(nn.Linear(3, 2), weights, "m", tmp_path)
    with pytest.raises(ModelFileError, match=r"lacks 2 of 2 tensors: 0.bias, 0.weight; it has 2 more: bias \[2\]"):
        fill(nn.Sequential(nn.Linear(2, 2)), weights, "m", tmp_path)


def test_half_precision_files_become_float32(tmp_path: Path, weights: Any) -> None:
    model = fill(nn.Linear(2, 2), {key: value.half() for key, value in weights.items()}, "m", tmp_path)
    assert model.weight.dtype == torch.float32 and not model.training


def test_old_densenet_names_are_understood(tmp_path: Path) -> None:
    names = list(build_empty(densenet121).state_dict())
    old = [name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") for name in names]
    assert old != names
    assert [_OLD_DENSENET.sub(r"\1\2", name) for name in old] == names


def wrapped(weights: Any) -> dict[str, Any]:
    plain = dict(weights)
    other = {key: value + 1 if value.is_floating_point() else value for key, value in weights.items()}

    def behind(prefix: str, of: Any = plain) -> Any:
        return {prefix + key: value for key, value in of.items()}

    return {
        "plain": plain,
        "data-parallel": behind("module."),
        "compiled": behind("_orig_mod."),
        "compiled and data-parallel": behind("module._orig_mod."),
        "compiled in parts": {key.replace("layer1.", "layer1._orig_mod."): value for key, value in plain.items()},
        "data-parallel in parts": {key.replace("layer1.", "layer1.module."): value for key, value in plain.items()},
        "sharded and checkpointed": {
            "_fsdp_wrapped_module." + key.replace("layer2.0.", "layer2.0._checkpoint_wrapped_module."): value
            for key, value in plain.items()
        },
        "lightning": {"epoch": 3, "state_dict": behind("model.") | {"loss.weight": torch.ones(3)}},
        "lightning, compiled": {"state_dict": behind("net._orig_mod.")},
        "torchvision's script": {"model": plain, "optimizer": {"state": {}}, "args": Namespace(lr=0.1), "epoch": 3},
        "model_state_dict": {"model_state_dict": plain, "loss": 0.3},
        "averaged": {"n_averaged": torch.tensor(3)} | behind("module."),
        "deeper": {"checkpoint": {"network": {"weights": plain}}},
        "student and teacher": {"student": behind("backbone.", other), "teacher": behind("backbone.")},
        "model and average": {"model": other, "model_ema": behind("module.")},
        "average beside it": behind("", other) | behind("ema."),
        "numbers of numpy": {"state_dict": plain, "best": np.float64(0.3), "steps": np.int64(3), "rates": np.ones(2)},
        "a path beside it": {"state_dict": plain, "data": Path("data")},
        "averaged counters": {key: value.float() for key, value in plain.items()},
        "half": {key: value.half() if value.is_floating_point() else value for key, value in plain.items()},
    }


WHICH = {
    "student and teacher": "teacher.backbone",
    "model and average": "model_ema.module",
    "average beside it": "ema",
}
KINDS = list(wrapped({}))


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_as_people_have_them(kind: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = resnet18(num_classes=7).eval()
    torch.save(wrapped(model.state_dict())[kind], tmp_path / "w.pth")
    options = {"architecture": "resnet18"}
    if kind in WHICH:
        with pytest.raises(ModelFileError, match=r"several sets of weights: .*state_dict = "):
            find_network("mine", mine(tmp_path / "w.pth", **options))
        options["state_dict"] = WHICH[kind]
    loaded = find_network("mine", mine(tmp_path / "w.pth", **options)).load()
    picture = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(loaded(picture), model(picture), rtol=1e-2, atol=1e-2)
    assert loaded.fc.out_features == 7 and not loaded.training


SMALLEST = [
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "vit_b_32",
    "maxvit_t",
]


@pytest.mark.parametrize("name", SMALLEST)
def test_classes_are_read_off_weights_of_every_architecture(name: str) -> None:
    weights = build_empty(lambda: build(name, classes=7)).state_dict()
    assert count_classes(weights, lambda classes: build(name, classes)) == 7


def test_a_misfit_is_reported_in_a_few_words(tmp_path: Path) -> None:
    torch.save(densenet121(num_classes=7).state_dict(), tmp_path / "w.pth")
    with pytest.raises(ModelFileError) as error:
        find_network(f"resnet18:{tmp_path}/w.pth", Catalog())
    told = str(error.value)
    assert "it lacks" in told and "bn1.bias" in told and "classifier.bias [7]" in told
    assert len(told) - len(str(tmp_path)) < 600


def test_quantised_weights_are_not_taken_for_numbers(tmp_path: Path) -> None:
    weights = resnet18(num_classes=7).state_dict()
    weights["fc.weight"] = (weights["fc.weight"] * 100).to(torch.int8)
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(ModelFileError, match=r"fc.weight is \[7, 512\] int8, not \[7, 512\]"):
        find_network(f"resnet18:{tmp_path}/w.pth", Catalog()).load()


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_weights_that_do_not_say_what_is_done_to_their_input_are_refused(name: str, tmp_path: Path) -> None:
    with torch.no_grad():
        model = get_model(name, num_classes=1000, init_weights=False)
    torch.save(model.state_dict(), tmp_path / "w.pth")
    with pytest.raises(UsageError, match="transform_input = true"):
        find_network(f"{name}:{tmp_path}/w.pth", Catalog())


@pytest.mark.parametrize("name", ["w.pth", "w.SAFETENSORS", "w"])
def test_safetensors_are_known_by_what_they_hold(name: str, tmp_path: Path, weights: Any) -> None:
    save_file(weights, tmp_path / name)
    assert torch.equal(read_weights(tmp_path / name, "m")["weight"], torch.eye(2))


def test_weights_without_numbers_are_reported_as_such(tmp_path: Path) -> None:
    plain = resnet18(num_classes=7).state_dict()
    for key, value, told in (
        ("fc.weight", plain["fc.weight"].to_sparse(), r"fc\.weight is \[7, 512\] sparse_coo, not \[7, 512\]"),
        ("fc.bias", plain["fc.bias"].to("meta"), r"fc\.bias is \[7\] without numbers, not \[7\]"),
    ):
        torch.save(plain | {key: value}, tmp_path / "w.pth")
        with pytest.raises(ModelFileError, match=told):
            find_network(f"resnet18:{tmp_path}/w.pth", Catalog()).load()


def test_mnasnet_whose_weights_have_a_version(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = get_model("mnasnet0_5", num_classes=7).eval()
    torch.save(model.state_dict(), tmp_path / "w.pth")
    loaded = find_network(f"mnasnet0_5:{tmp_path}/w.pth", Catalog()).load()
    picture = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(loaded(picture), model(picture))
