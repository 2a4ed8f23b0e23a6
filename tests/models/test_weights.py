import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import densenet121

from line_tui.errors import ModelFileError
from line_tui.models.architectures import build_empty
from line_tui.models.weights import fill, read_weights


@pytest.fixture
def weights():
    return {"weight": torch.eye(2), "bias": torch.ones(2)}


def test_both_formats_and_wrapped_checkpoints(tmp_path, weights):
    save_file(weights, tmp_path / "a.safetensors")
    torch.save(weights, tmp_path / "b.pth")
    wrapped = {f"module.{key}": value for key, value in weights.items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, tmp_path / "c.pth.tar")
    for name in ("a.safetensors", "b.pth", "c.pth.tar"):
        read = read_weights(tmp_path / name, "m")
        assert read.keys() == weights.keys()
        assert torch.equal(read["weight"], torch.eye(2))


class Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def empty(path, weights):
    path.write_bytes(b"")


def text(path, weights):
    path.write_text("version https://git-lfs.github.com/spec/v1\n")


def zeros(path, weights):
    path.write_bytes(bytes(1000))


def truncated(path, weights):
    save_file(weights, path) if path.suffix == ".safetensors" else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[:-20])


def trap(path, weights):
    path.write_bytes(pickle.dumps(Trap()))


def trap_in_zip(path, weights):
    torch.save({"weight": Trap()}, path)


def no_state_dict(path, weights):
    torch.save([torch.ones(2)], path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("damage", [empty, text, zeros, truncated])
def test_damaged_files_are_told_in_one_line(tmp_path, weights, suffix, damage):
    path = tmp_path / f"model{suffix}"
    damage(path, weights)
    with pytest.raises(ModelFileError) as error:
        read_weights(path, "m")
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("damage", [trap, trap_in_zip])
def test_code_in_a_file_never_runs(tmp_path, weights, damage):
    damage(tmp_path / "model.pth", weights)
    with pytest.raises(ModelFileError, match="never loaded"):
        read_weights(tmp_path / "model.pth", "m")


def test_a_file_without_a_state_dict(tmp_path, weights):
    no_state_dict(tmp_path / "model.pth", weights)
    with pytest.raises(ModelFileError, match="no state_dict"):
        read_weights(tmp_path / "model.pth", "m")


def test_a_missing_file(tmp_path):
    for name in ("a.pth", "a.safetensors"):
        with pytest.raises(ModelFileError, match="there is no"):
            read_weights(tmp_path / name, "m")


def test_weights_of_another_architecture(tmp_path, weights):
    with pytest.raises(ModelFileError, match=r"belongs to another architecture: weight is \[2, 2\], not \[2, 3\]"):
        fill(nn.Linear(3, 2), weights, "m", tmp_path)
    with pytest.raises(ModelFileError, match=r"lacks 2 of 2 tensors: 0.bias, 0.weight; it has 2 others: bias \[2\]"):
        fill(nn.Sequential(nn.Linear(2, 2)), weights, "m", tmp_path)


def test_half_precision_files_become_float32(tmp_path, weights):
    model = fill(nn.Linear(2, 2), {key: value.half() for key, value in weights.items()}, "m", tmp_path)
    assert model.weight.dtype == torch.float32 and not model.training


def test_old_densenet_names_are_understood(tmp_path):
    names = list(build_empty(densenet121).state_dict())
    old = [name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") for name in names]
    from line_tui.models.weights import _OLD_DENSENET

    assert old != names
    assert [_OLD_DENSENET.sub(r"\1\2", name) for name in old] == names
