from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from line_tui.errors import UsageError
from line_tui.models.catalog import read_catalog
from line_tui.models.lock_file import Pin, held, lock_path, read_pins, write_pin
from line_tui.models.model_files import Source

PIN = Pin(repo="someone/tiny", revision=None, commit="a" * 40, sha256={"model.gguf": "b" * 64})


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path / "data"))
    return tmp_path


def test_pins_are_kept_by_name_in_a_file_for_people() -> None:
    assert read_pins() == {}
    other = msgspec.structs.replace(PIN, commit="c" * 40)
    write_pin("tiny", PIN)
    write_pin("other", other)
    assert read_pins() == {"other": other, "tiny": PIN}
    write_pin("tiny", other)
    assert read_pins()["tiny"] == other
    assert '"commit": "' in lock_path().read_text()


def test_a_damaged_lock_file_is_never_taken_for_none() -> None:
    write_pin("tiny", PIN)
    lock_path().write_text("{")
    with pytest.raises(UsageError, match=r"models\.lock\.json cannot be read: .*delete it"):
        read_pins()


def test_a_pin_holds_what_the_catalogue_leaves_open() -> None:
    source = Source(hub="someone/tiny", file="model.gguf")
    assert held(source, PIN) == msgspec.structs.replace(source, revision=PIN.commit, sha256=PIN.sha256)
    assert held(source, None) is source


@pytest.mark.parametrize("source", [Source(hub="someone/else"), Source(hub="someone/tiny", revision="v2")])
def test_a_catalogue_that_says_something_else_is_right(source: Source) -> None:
    assert held(source, PIN) is source


def test_the_catalogue_is_read_with_its_pins(data: Path) -> None:
    user = data / "catalog.toml"
    user.write_text('[[language]]\nid = "tiny"\nsource = { hub = "someone/tiny" }\n')
    assert read_catalog(user).find_language("tiny").source.revision is None
    write_pin("tiny", PIN)
    assert read_catalog(user).find_language("tiny").source.revision == PIN.commit
    assert read_catalog(user, pins={}).find_language("tiny").source.revision is None
