from hashlib import sha256

import pytest

from tests.bundled.conftest import MODELS

LINES = [line.split("  ", 1) for line in (MODELS / "SHA256SUMS").read_text().splitlines()]


@pytest.mark.parametrize(("digest", "name"), LINES, ids=[name for _, name in LINES])
def test_a_shipped_file_is_the_one_that_was_measured(digest: str, name: str) -> None:
    assert sha256((MODELS / name).read_bytes()).hexdigest() == digest


def test_no_weights_go_unlisted() -> None:
    weights = {str(path.relative_to(MODELS)) for path in MODELS.glob("*/**/*.safetensors")}
    assert weights == {name for _, name in LINES if name.endswith(".safetensors")}
    assert sum((MODELS / name).stat().st_size for name in weights if name.startswith("emoji-")) < 80e6
