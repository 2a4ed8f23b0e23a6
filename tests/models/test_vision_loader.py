from pathlib import Path

import pytest
import torch

from line_tui.models.vision_loader import layers_of


def test_listing_needs_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    layers = {layer.name: layer for layer in layers_of("resnet50")}
    assert layers["avgpool"].neurons == 2048 and layers["fc"].names[1] == "goldfish"
