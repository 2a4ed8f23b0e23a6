"""cuDNN's switches can be read and set without a GPU; what they do there is seen in tests/gpu."""

from __future__ import annotations

import pytest
import torch

from line_tui.models.determinism import repeatable


def switches() -> tuple[bool, bool, bool]:
    cudnn = torch.backends.cudnn
    return cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32


@pytest.mark.parametrize(("full", "tf32"), [(True, False), (False, True)])
def test_within_the_block_alone(full: bool, tf32: bool) -> None:
    before = switches()
    with pytest.raises(KeyError), repeatable(full=full):
        assert switches() == (False, True, tf32)
        raise KeyError
    assert switches() == before


def test_a_user_who_forbade_tf32_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    with repeatable(full=False):
        assert not torch.backends.cudnn.allow_tf32
