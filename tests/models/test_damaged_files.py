from pathlib import Path

import pytest

from line_tui.errors import LineError, MemoryLimitError, ModelFileError
from line_tui.explain.ports import Cancelled
from line_tui.models.damaged_files import files_of
from line_tui.models.vision_loader import layers_of
from tests.models.toys import mine

CONFIGS = [b"", b"{", b"[]", b"null", b"7", b'{"a": "\xff"}', b"[" * 100_000, b'{"architecture": 7}', b"{}"]


@pytest.mark.parametrize("kind", ["weights", "timm", "transformers"])
@pytest.mark.parametrize("content", CONFIGS, ids=lambda content: repr(content[:20]))
def test_a_configuration_that_is_none_is_the_files_fault(tmp_path: Path, kind: str, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(LineError) as told:
        layers_of("mine", mine(tmp_path, format=kind))
    assert told.value.exit_code in (2, 3, 4) and "mine" in str(told.value)


def test_what_is_no_fault_of_the_files_passes() -> None:
    for error in (Cancelled(), MemoryLimitError("a", "b"), MemoryError(), KeyboardInterrupt()):
        with pytest.raises(type(error)), files_of("mine"):
            raise error
    with pytest.raises(ModelFileError, match="mine: its files cannot be used: KeyError: 'x'"), files_of("mine"):
        raise KeyError("x")
