"""`line-tui doctor --model`: numbers that somebody else's code can check."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.io import decode_image
from torchvision.models import ResNet18_Weights, resnet18

from line_tui.doctor.vision_report import Request, VisionReport, examine_model, to_text
from line_tui.errors import StoreError, UnknownNameError


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(resnet18(num_classes=7).state_dict(), tmp_path / "w.pth")
    return tmp_path / "w.pth"


def test_the_numbers_are_those_of_torchvision_on_the_pictures_that_were_written(weights: Path, tmp_path: Path) -> None:
    found = examine_model(Request(model=f"resnet18:{weights}", pictures=str(tmp_path / "here")))
    model = resnet18(num_classes=7)
    model.load_state_dict(torch.load(weights))
    model.eval()
    for name, values in found.activations.items():
        picture = ResNet18_Weights.DEFAULT.transforms()(decode_image(str(tmp_path / "here" / f"{name}.png")))
        np.testing.assert_allclose(np.array(values, float), model(picture[None])[0, :5].detach(), rtol=1e-3, atol=1e-5)
    assert found.layer == "fc" and found.input == [224, 224] and "resize_size=[256]" in found.prepared
    assert found.identity.startswith(f"resnet18:{weights}@")


def test_the_report_fits_on_a_screen(weights: Path) -> None:
    text = to_text(examine_model(Request(model=f"resnet18:{weights}", layer="avgpool")))
    assert len(text.splitlines()) < 24 and "layer avgpool" in text and "57 more: line-tui layers" in text


def test_a_neuron_that_is_no_number_and_what_cannot_be_shown(weights: Path, tmp_path: Path) -> None:
    broken = torch.load(weights)
    broken["fc.bias"][2] = float("nan")
    torch.save(broken, weights)
    found = examine_model(Request(model=f"resnet18:{weights}"))
    assert [values[2] for values in found.activations.values()] == [None] * 3
    assert json.loads(json.dumps({"x": found.activations})) and "no number" in to_text(found)
    with pytest.raises(UnknownNameError, match="no layer"):
        examine_model(Request(model=f"resnet18:{weights}", layer="fcc"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another --pictures"):
        examine_model(Request(model=f"resnet18:{weights}", pictures=str(tmp_path / "file" / "x")))
    assert isinstance(found, VisionReport)
