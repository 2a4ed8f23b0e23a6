from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from line_tui.errors import ModelFileError, UnknownNameError, UsageError
from line_tui.models.blackbox import BlackBox, code_warning, find_black_box
from line_tui.models.catalog import Catalog
from line_tui.models.vision_loader import layers_of, load_vision
from tests.models.toys import Colours, export, mine, paint

MODULE = """
import numpy as np


def redness(pictures):
    assert pictures.dtype == np.uint8
    return pictures[..., 0].mean((1, 2))[:, None] * [1.0, 2.0]


def maps(pictures):
    return pictures.transpose(0, 3, 1, 2) / 255


def one_number(pictures):
    return 3.0
"""
RED, GREY = paint(200, 0, 0), paint(100, 100, 100)


@pytest.fixture
def boxed(tmp_path: Path) -> Any:
    (tmp_path / "line_tui_test_box.py").write_text(MODULE)

    def find(function: Any, **options: Any) -> Any:
        options = {"allow_code": True} | options
        catalog = mine(tmp_path, format="function", function=f"line_tui_test_box:{function}", **options)
        return find_black_box("mine", catalog, batch_size=2)

    return find


def test_a_function_is_the_whole_contract(boxed: Any) -> None:
    box = boxed("redness")
    seen = box.record([RED, GREY, RED], "output", neuron=1)
    assert seen.activations.tolist() == [[200, 400], [100, 200], [200, 400]]
    assert seen.activations.dtype == np.float32 and seen.maps is None
    [layer] = box.layers
    assert (layer.name, layer.neurons, layer.pooling) == ("output", 2, "as-is")


def test_a_function_may_return_maps(boxed: Any) -> None:
    seen = boxed("maps").record([RED], "output", neuron=0)
    np.testing.assert_allclose(seen.activations, [[200 / 255, 0, 0]], atol=1e-6)
    assert seen.maps.shape == (1, 4, 4)


def test_a_changed_function_is_another_model(boxed: Any, tmp_path: Path) -> None:
    before = boxed("redness").name
    assert boxed("redness").name == before != boxed("maps").name
    (tmp_path / "line_tui_test_box.py").write_text(MODULE + "# changed")
    assert boxed("redness").name != before


def test_code_runs_only_when_the_entry_allows_it(boxed: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    boxed("redness")
    assert caplog.messages == ["mine runs code from line_tui_test_box:redness"]
    with pytest.raises(UsageError, match=r"would run code from line_tui_test_box:redness — .*allow_code = true"):
        boxed("redness", allow_code=False)
    catalog = mine(tmp_path, format="function", function="line_tui_test_box:redness", allow_code=True)
    assert code_warning("mine", catalog) == ": runs code from line_tui_test_box:redness"
    assert code_warning("resnet18", catalog) == ""


@pytest.mark.parametrize(
    ("function", "message"),
    [("nothing", "cannot be imported"), ("one_number", "its first axis must be the picture")],
)
def test_wrong_functions(boxed: Any, function: Any, message: str) -> None:
    with pytest.raises(UsageError) as error:
        boxed(function).layers  # noqa: B018
    assert message in str(error.value)


def test_unknown_layers_and_neurons(boxed: Any) -> None:
    with pytest.raises(UnknownNameError, match="no layer of mine named 'fc'"):
        boxed("redness").record([RED], "fc")
    with pytest.raises(UnknownNameError, match="choose one from 0 to 1"):
        boxed("redness").record([RED], "output", neuron=2)


class Net(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) * 2


PLAIN = {"size": 4, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def test_torchscript(tmp_path: Path) -> None:
    torch.jit.script(Net()).save(tmp_path / "net.pt")
    with pytest.raises(UsageError, match=r"would run code from .*net.pt"):
        find_black_box("mine", mine(tmp_path / "net.pt", format="torchscript"), 2)
    catalog = mine(tmp_path / "net.pt", format="torchscript", allow_code=True, **PLAIN)
    vision = load_vision("mine", catalog, 2, "cpu")
    np.testing.assert_allclose(vision.record([RED, GREY, RED], "output").activations[:, 0] * 255, [400, 200, 400], 1e-5)
    assert [layer.neurons for layer in layers_of("mine", catalog)] == [3]


def test_torchscript_says_why_it_has_one_layer(tmp_path: Path) -> None:
    module = torch.jit.script(Net())
    with pytest.raises(RuntimeError, match="not supported on ScriptModules"):
        module.register_forward_hook(print)
    module.save(tmp_path / "net.pt")
    catalog = mine(tmp_path / "net.pt", format="torchscript", allow_code=True, **PLAIN)
    assert [layer.kind for layer in layers_of("mine", catalog)] == ["black box: TorchScript takes no hooks"]


@pytest.mark.parametrize("pictures", [1, 2, 3, 5])
def test_a_program_exported_for_one_batch_size_looks_at_any_number_of_pictures(tmp_path: Path, pictures: Any) -> None:
    export(Net(), tmp_path / "net.pt2", 4, fixed=2)
    catalog = mine(tmp_path / "net.pt2", format="export", allow_code=True, **PLAIN)
    box = find_black_box("mine", catalog, 3)
    wanted = [400, 200, 400, 200, 200][:pictures]
    seen = box.record([RED, GREY, RED, GREY, GREY][:pictures], "output").activations
    np.testing.assert_allclose(seen[:, 0] * 255, wanted, 1e-5)
    assert [layer.kind for layer in box.layers] == ["black box: exported for one batch size"]


@pytest.mark.parametrize("format", ["torchscript", "export"])
def test_damaged_files(tmp_path: Path, format: str) -> None:
    (tmp_path / "net.pt").write_bytes(b"PK\3\4 nothing")
    with pytest.raises(ModelFileError, match=r"net.pt is damaged or no"):
        find_black_box("mine", mine(tmp_path / "net.pt", format=format, allow_code=True), 2)


def test_other_kinds_are_no_black_box(tmp_path: Path) -> None:
    assert find_black_box("resnet18", Catalog(), 2) is None
    assert find_black_box("mine", mine(tmp_path, format="weights"), 2) is None


def test_the_same_numbers_as_the_network_seen_from_inside() -> None:
    box = BlackBox("colours", lambda pictures: Colours()(torch.tensor(pictures).permute(0, 3, 1, 2) / 255), "1", 2)
    np.testing.assert_allclose(box.record([paint(255, 0, 0)], "output").activations, [[0.4, 0]], atol=1e-6)
