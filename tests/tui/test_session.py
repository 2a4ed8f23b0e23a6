from pathlib import Path

import msgspec
import pytest

from line_tui import events as e
from line_tui.explain.state import verdict
from line_tui.store import Store
from line_tui.tui.session import Session, Snapshot, advance, replayed
from tests.tui.stage import NOON, events_of_a_run, keep, timed, until


@pytest.fixture
def session(tmp_path: Path) -> Session:
    store = Store.open(tmp_path)
    keep(store, until(events_of_a_run(), "spoon"))
    return open_session(store)


def open_session(store: Store) -> Session:
    """A session whose run nobody works on: what it says is stored and comes back at once."""
    opened = Session("r1", store, lambda event: opened.feed(store.decide("r1", event)))
    opened.catch_up()
    return opened


def appended(session: Session, event: e.DurableEvent) -> e.Envelope:
    assert isinstance(session.store, Store)
    return session.store.append("r1", event)


def stored(session: Session) -> list[e.AnyEvent]:
    return [envelope.event for envelope in session.store.events("r1")]


def test_a_decision_is_stored_and_counts_at_once(session: Session) -> None:
    session.decide("reject", "t1", reason="a colour")
    last = stored(session)[-1]
    assert isinstance(last, e.Decided)
    assert (last.kind, last.trial, last.reason) == ("reject", "t1", "a colour")
    assert verdict(session.snapshot.state, session.snapshot.state.trials["t1"]) == "rejected"


def test_an_event_that_comes_twice_counts_once(session: Session) -> None:
    before = session.snapshot.state
    for envelope in session.store.events("r1"):
        session.feed(envelope)
    assert session.snapshot.state == before


def test_undo_takes_back_everything_in_reverse_order(session: Session) -> None:
    before = session.snapshot.state
    session.decide("accept", "t1")
    session.set_mode(True)
    session.decide("add", concept="ripe tomato")
    session.set_budget(20)
    for _ in range(5):
        session.undo()
    after = session.snapshot.state
    assert (after.ask_first, after.iterations) == (before.ask_first, before.iterations)
    assert after.standing.decisions == ()
    # Nothing is erased: each word and each undo is an event of its own.
    assert len(stored(session)) == 8 + len(until(events_of_a_run(), "spoon"))


def test_undo_works_after_a_restart_too(session: Session) -> None:
    session.decide("pin", "t2")
    session.set_mode(True)
    again = open_session(session.store)
    again.undo()
    assert not again.snapshot.state.ask_first
    again.undo()
    assert not again.snapshot.state.standing.decisions
    assert not again.can_undo


def test_catching_up_finds_what_was_stored_but_never_shown(session: Session) -> None:
    appended(session, e.Stopped())
    assert session.snapshot.active
    session.catch_up()
    assert not session.snapshot.active


def test_tokens_gather_until_the_next_question() -> None:
    def after(snapshot: Snapshot, *events: e.AnyEvent) -> Snapshot:
        for event in events:
            snapshot = advance(snapshot, e.Envelope(run_id="r1", time=NOON, event=event))
        return snapshot

    snapshot = after(Snapshot("r1"), e.PhaseChanged(phase="proposing"), e.Token(text="ripe"), e.Token(text=" tomato"))
    assert snapshot.text == "ripe tomato"
    snapshot = after(snapshot, e.Token(text="hmm", thinking=True))
    assert (snapshot.text, snapshot.thinking) == ("ripe tomato", "hmm")
    assert after(snapshot, e.PhaseChanged(phase="proposing")).text == ""


def test_previews_last_until_their_pictures_come_or_something_else_begins() -> None:
    *before, image = until(events_of_a_run(), "boot")
    assert isinstance(image, e.ImageScored)

    def after(snapshot: Snapshot, event: e.AnyEvent) -> Snapshot:
        return advance(snapshot, e.Envelope(run_id="r1", time=NOON, event=event))

    snapshot = after(after(replayed("r1", timed(before)), e.Preview(pictures=[b"a"])), e.Preview(pictures=[b"b"]))
    assert snapshot.previews == (b"b",)
    for event in (image, e.PhaseChanged(phase="proposing"), e.Stopped()):
        assert after(snapshot, event).previews == ()


def test_waiting_for_the_user_is_no_work() -> None:
    events = timed(until(events_of_a_run(), "spoon"), every=1.0)
    snapshot = replayed("r1", events)
    worked = snapshot.busy_seconds
    waiting = e.Envelope(run_id="r1", time=events[-1].time, event=e.PhaseChanged(phase="waiting"))
    late = e.Envelope(run_id="r1", time=events[-1].time + 60, event=e.PhaseChanged(phase="drawing"))
    assert advance(advance(snapshot, waiting), late).busy_seconds == worked > 0


def test_an_edit_that_was_drawn_cannot_be_taken_back(session: Session) -> None:
    session.feed(appended(session, e.Proposed(trial="t99", concept="ladder", origin="llm", iteration=3)))
    session.decide("edit", "t99", "long ladder")
    assert session.can_undo
    image = next(event for event in events_of_a_run() if isinstance(event, e.ImageScored))
    session.feed(appended(session, msgspec.structs.replace(image, trial="t99", concept="long ladder")))
    assert not session.can_undo
