from __future__ import annotations

from pathlib import Path

from line_tui.hub.cache import Repository

COMMIT = "a" * 40
ONE, OTHER = "1" * 40, "2" * 40


def _published(cache: Path, *snapshots: tuple[str, dict[str, str]]) -> Repository:
    repository = Repository.of("someone/tiny")
    for commit, digests in snapshots:
        for digest in digests.values():
            repository.blob(digest).parent.mkdir(parents=True, exist_ok=True)
            repository.blob(digest).write_text(digest)
        repository.publish(commit, None, digests)
    return repository


def test_the_layout_is_the_hubs(cache: Path) -> None:
    _published(cache, (COMMIT, {"unet/model.safetensors": ONE}))
    link = cache / "models--someone--tiny/snapshots" / COMMIT / "unet/model.safetensors"
    assert str(link.readlink()) == f"../../../blobs/{ONE}"
    assert (cache / "models--someone--tiny/refs/main").read_text() == COMMIT


def test_removing_frees_what_nothing_else_uses(cache: Path) -> None:
    repository = _published(cache, (COMMIT, {"a": ONE, "b": OTHER}), ("b" * 40, {"a": ONE}))
    files = repository.files(cache / "models--someone--tiny/snapshots" / COMMIT)
    assert repository.remove([files["a"], files["b"]]) == 40
    assert repository.snapshot(COMMIT) is None
    assert repository.blob(ONE).exists()
    assert not repository.blob(OTHER).exists()


def test_removing_one_of_two_models_of_a_repository(cache: Path) -> None:
    repository = _published(cache, (COMMIT, {"small.gguf": ONE, "large.gguf": OTHER}))
    snapshot = repository.snapshot(None)
    assert snapshot is not None
    repository.remove([snapshot / "small.gguf"])
    assert list(repository.files(snapshot)) == ["large.gguf"]
    assert (snapshot / "large.gguf").read_text() == OTHER


def test_a_repository_that_is_not_here(cache: Path) -> None:
    assert Repository.of("someone/else").snapshot(None) is None
