"""Events, runs, and several processes at once."""

import subprocess
import sys
import typing
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from line_tui import events as e
from line_tui.errors import StoreError, UnknownNameError
from line_tui.store import Store
from tests.fakes import SETTINGS

SPEC = e.RunSpec(model="emoji-resnet18", layer="fc", neuron=3, metric="mean")


def values(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Any value of an annotation that our events use."""
    if kind is e.ImageRecord:
        # Where a picture is follows from its identity, whatever was stored.
        return st.builds(kind, identity=values(str), path=st.just(""), prompt=values(str), seed=values(int))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{field: values(hints[field]) for field in kind.__struct_fields__})
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return st.lists(values(inner[0]), max_size=3)
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if inner:
        return st.one_of([values(part) for part in inner])
    if kind is str:
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind is int:
        return st.integers(-(2**62), 2**62)
    return st.from_type(kind)


@given(st.lists(values(e.DurableEvent), max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events_come_back_as_they_were(store: Store, events: list[e.DurableEvent]) -> None:
    run_id = store.new_run_id()
    store.create(run_id, SPEC)
    events = [msgspec.structs.replace(v, run_id=run_id) if isinstance(v, e.RunStarted) else v for v in events]
    envelopes = [store.append(run_id, event) for event in events]
    assert store.events(run_id) == envelopes
    assert [envelope.event for envelope in envelopes] == events
    assert [envelope.seq for envelope in envelopes] == list(range(1, len(events) + 1))
    assert store.events(run_id, after=2) == envelopes[2:]


def test_an_event_needs_a_run(store: Store) -> None:
    with pytest.raises(UnknownNameError, match="no run named 'x'"):
        store.append("x", e.Stopped())


def test_events_are_stored_together_or_not_at_all(store: Store) -> None:
    store.create("a", SPEC)
    together: list[e.DurableEvent] = [e.Stopped(), e.ModelsLoaded(seconds=1.0)]
    assert [envelope.seq for envelope in store.append_all("a", together)] == [1, 2]

    class Unwritable(e.Durable, frozen=True, kw_only=True, tag="unwritable"):
        value: object

    with pytest.raises(TypeError):
        store.append_all("a", [e.Stopped(), typing.cast(e.DurableEvent, Unwritable(value=object()))])
    assert len(store.events("a")) == 2


def test_an_event_of_a_later_version_is_reported(store: Store) -> None:
    store.create("a", SPEC)
    with store._database.write() as transaction:
        transaction.execute("INSERT INTO events VALUES ('a', 1, 0, 'dreamt', '{\"type\": \"dreamt\"}')")
    with pytest.raises(StoreError, match="upgrade line-tui"):
        store.events("a")


def test_a_run_id_is_taken_once(store: Store) -> None:
    store.create("a", SPEC)
    with pytest.raises(StoreError, match="run 'a' already exists"):
        store.create("a", SPEC)


def test_runs_are_found_by_the_beginning_of_their_id(store: Store) -> None:
    for run_id in ("20261123-aaaaa", "20261123-aabbb", "20261124-ccccc"):
        store.create(run_id, SPEC)
    assert store.find("20261124") == "20261124-ccccc"
    assert store.find("20261123-aaa") == "20261123-aaaaa"
    with pytest.raises(UnknownNameError, match="matches 2 runs"):
        store.find("20261123")
    for unknown in ("2025", "", "%"):
        with pytest.raises(UnknownNameError):
            store.find(unknown)


def test_new_ids_sort_by_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    class Clock(datetime):
        moment = datetime(2026, 11, 23, tzinfo=UTC)

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return cls.moment

    monkeypatch.setattr("line_tui.store.runs.datetime", Clock)
    ids = []
    for hour, second in [(0, 0), (0, 1), (9, 59), (23, 59)]:
        Clock.moment = datetime(2026, 11, 23, hour, 59, second, tzinfo=UTC)
        ids.append(store.new_run_id())
    assert ids == sorted(ids) and len(ids[0]) == len("20261123-aaaaa")


def test_what_the_user_writes_on_a_run(store: Store) -> None:
    store.create("a", SPEC)
    store.rename("a", "fruit neuron")
    store.annotate("a", "looks red to me")
    store.star("a")
    run = store.run("a")
    assert (run.title, run.note, run.starred, run.status) == ("fruit neuron", "looks red to me", True, "new")
    store.star("a", False)
    store.delete("a")
    assert store.runs() == [] and [run.id for run in store.runs(include_deleted=True)] == ["a"]
    store.restore("a")
    assert not store.runs()[0].starred and not store.runs()[0].deleted
    with pytest.raises(UnknownNameError):
        store.rename("b", "x")


def test_the_summary_of_a_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 105.0, 106.0, 109.0, 1000.0, 2000.0, 2001.5, 2001.5])
    monkeypatch.setattr("line_tui.store.runs.time.time", lambda: next(clock))
    store.create("a", SPEC)
    image = e.ImageRecord(identity="i", path="i.png", prompt="p", seed=1)
    store.append("a", e.RunStarted(run_id="a", spec=SPEC, settings=SETTINGS))
    store.append("a", e.ModelsLoaded(seconds=4.0))
    assert store.run("a").status == "interrupted"
    with store.lease("a"):
        assert store.run("a").status == "running"
        with pytest.raises(StoreError, match="another process is working on run 'a'"), store.lease("a"):
            pass
    store.append("a", e.Proposed(trial="t1", concept="rose", origin="llm", iteration=1))
    store.append("a", e.ImageScored(trial="t1", concept="rose", index=0, image=image, activation=0.5))
    store.append("a", e.Decided(decision="d", kind="accept", trial="t1"))
    store.append("a", e.ModelsLoaded(seconds=2.0))
    store.append("a", e.TrialScored(trial="t1", mean=0.5, auc=0.9, mad=2.0, images=1))
    store.append("a", e.Finished(label="rose", trial="t1", reason="best"))
    run = store.run("a")
    assert (run.status, run.label, run.score, run.images) == ("finished", "rose", 0.5, 1)
    # Two loads (4 + 2), the proposal (1), the picture (3), the score (1.5); not the pauses between them.
    assert run.seconds == 11.5


def test_a_judgement_is_of_one_result(store: Store) -> None:
    store.create("a", SPEC)
    store.append("a", e.RunStarted(run_id="a", spec=SPEC, settings=SETTINGS))
    store.append("a", e.Finished(label="rose", trial=None, reason="best"))
    store.append("a", e.Judged(judgement="too narrow", label="rose"))
    assert store.run("a").judgement == "too narrow"
    # It goes on to another label.
    store.append("a", e.BudgetChanged(iterations=20))
    store.append("a", e.Finished(label="flower", trial=None, reason="best"))
    assert (store.run("a").label, store.run("a").judgement) == ("flower", None)
    store.append("a", e.Judged(judgement="right", label="flower"))
    assert store.run("a").judgement == "right"


WRITER = """
import sys
from pathlib import Path
from line_tui import events as e
from line_tui.store import Store

store = Store.open(Path(sys.argv[1]))
for n in range(int(sys.argv[3])):
    store.append("shared", e.Stalled(iteration=n, attempts=0, remedy=sys.argv[2]))
"""


@pytest.mark.processes
@pytest.mark.parametrize("network", [False, True])
def test_processes_write_at_once_without_loss(tmp_path: Path, network: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    script = WRITER
    if network:
        # From the start: the journal's kind can only be changed while one process has the store open.
        monkeypatch.setattr("line_tui.store.database.is_network", lambda path: True)
        script = "import line_tui.store.database as d\nd.is_network = lambda path: True\n" + script
    Store.open(tmp_path).close()
    store = Store.open(tmp_path)
    store.create("shared", SPEC)
    store.close()
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name, "40"], stderr=subprocess.PIPE)
        for name in ("one", "two", "three")
    ]
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors.decode()
    store = Store.open(tmp_path)
    envelopes = store.events("shared")
    store.close()
    assert [envelope.seq for envelope in envelopes] == list(range(1, 121))
    for name in ("one", "two", "three"):
        theirs = [v.event.iteration for v in envelopes if isinstance(v.event, e.Stalled) and v.event.remedy == name]
        assert theirs == list(range(40))


@pytest.mark.processes
def test_processes_make_the_store_at_once(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from line_tui.store import Store; Store.open(Path(sys.argv[1]))"
    makers = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "new")]) for _ in range(4)]
    assert [maker.wait() for maker in makers] == [0] * 4
    assert not [path for path in (tmp_path / "new").iterdir() if path.name.startswith(".")]
