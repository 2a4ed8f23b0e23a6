"""What people say reaches the engine from the app, from other processes and from notebooks: by one door."""

from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.engine.server import Server
from line_tui.store import Store
from tests.engine.fake_engine import FakeSource
from tests.nasty import NASTY, obeyed


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path)
    store.create("a", e.RunSpec(model="fake", layer="fc", neuron=0))
    return store


def test_a_concept_of_a_users_is_visible_words(store: Store) -> None:
    Server(store, FakeSource(), lambda message: None).take(
        p.Decide(run_id="a", event=e.Decided(decision="d", kind="add", concept=NASTY, reason=NASTY))
    )
    (said,) = [envelope.event for envelope in store.events("a")]
    assert isinstance(said, e.Decided) and said.concept and obeyed(said.concept + said.reason, but="") == set()


def test_a_concept_of_nothing_is_refused(store: Store) -> None:
    told: list[p.AnyMessage] = []
    Server(store, FakeSource(), told.append).take(
        p.Decide(run_id="a", event=e.Decided(decision="d", kind="add", concept="\u202e\x1b"))
    )
    assert isinstance(told[0], p.CommandFailed) and "visible letters" in told[0].cause
    assert store.events("a") == []
