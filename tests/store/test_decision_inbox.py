from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.errors import StoreError
from line_tui.store import Store


def test_words_are_taken_once_and_in_their_order(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    words: list[e.Decision] = [
        e.Decided(decision="d1", kind="reject", trial="t1"),
        e.ModeChanged(ask_first=True),
        e.BudgetChanged(iterations=7),
    ]
    assert store.take_decisions("r1") == []
    for word in words:
        store.send_decision("r1", word)
    store.send_decision("r2", words[0])
    assert Store.open(tmp_path).take_decisions("r1") == words
    assert store.take_decisions("r1") == []
    assert store.take_decisions("r2") == words[:1]


def test_a_damaged_word_is_passed_over(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    (tmp_path / "letters" / "r1").mkdir(parents=True)
    for n, content in enumerate([b"{", b'{"type": "\xff"}', b"[" * 100_000, b""]):
        (tmp_path / "letters" / "r1" / f"{n}.json").write_bytes(content)
    store.send_decision("r1", e.ModeChanged(ask_first=True))
    assert store.take_decisions("r1") == [e.ModeChanged(ask_first=True)]
    assert not (tmp_path / "letters" / "r1").exists()


def test_a_run_that_is_no_name_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Store.open(tmp_path).send_decision("../x", e.ModeChanged(ask_first=True))
