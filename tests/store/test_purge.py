"""A purge erases deleted runs and what they alone show, and nothing else."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from line_tui import events as e
from line_tui.errors import StoreError, UnknownNameError
from line_tui.store import Store
from line_tui.store.activations import View

VIEW = View("v@1", "fc", "none")


Draw = Callable[[str], e.ImageRecord]


@pytest.fixture
def drawn(store: Store, draw: Draw) -> Draw:
    def keep(prompt: str) -> e.ImageRecord:
        record = draw(prompt)
        store.activations.put(VIEW, {record.identity: np.ones(3)})
        return record

    return keep


def run_with(store: Store, run_id: str, image: e.ImageRecord, *pair: e.ImageRecord) -> None:
    store.create(run_id, e.RunSpec(model="fake", layer="fc", neuron=0))
    store.append(run_id, e.ImageScored(trial="t0", concept="rose", index=0, image=image, activation=1.0))
    if pair:
        before, after = ([e.PairSide(image=side, activation=1.0)] for side in pair)
        store.append(
            run_id,
            e.MinimalPairMeasured(
                concept="red rose",
                variant="rose",
                kind="drop",
                before=before,
                after=after,
                relative_drop=0.0,
                p_value=1.0,
            ),
        )


def exists(image: e.ImageRecord) -> bool:
    return Path(image.path).exists()


def test_what_only_deleted_runs_show_goes(store: Store, drawn: Draw) -> None:
    shared, own, before, after, unshown = (drawn(name) for name in ("rose", "red", "tulip", "fern", "control"))
    run_with(store, "gone", own, before, after)
    run_with(store, "gone-too", shared)
    run_with(store, "kept", shared)
    assert store.purgeable().runs == []
    store.delete("gone")
    store.delete("gone-too")
    found = store.purgeable()
    assert found.runs == ["gone", "gone-too"]
    assert set(found.images) == {own.identity, before.identity, after.identity}
    assert found.bytes == sum(Path(image.path).stat().st_size for image in (own, before, after))
    store.purge(found)
    assert [run.id for run in store.runs(include_deleted=True)] == ["kept"]
    assert exists(shared) and exists(unshown) and not any(exists(image) for image in (own, before, after))
    images = [image.identity for image in (shared, own, before, after, unshown)]
    assert set(store.activations.get(VIEW, images)) == {shared.identity, unshown.identity}
    with pytest.raises(UnknownNameError):
        store.restore("gone")


def test_the_file_gives_its_room_back(store: Store, draw: Draw) -> None:
    run_with(store, "gone", draw("rose"))
    store.append_all("gone", [e.ModeChanged(ask_first=False)] * 10_000)
    store.delete("gone")
    store.purge(store.purgeable())
    store.close()
    assert (store.folder / "line.db").stat().st_size < 1 << 17


def test_nothing_is_erased_while_a_run_goes_on(store: Store, draw: Draw) -> None:
    run_with(store, "gone", draw("rose"))
    run_with(store, "busy", draw("fern"))
    store.delete("gone")
    with store.lease("busy"), pytest.raises(StoreError, match="run 'busy' is in progress"):
        store.purgeable()
    assert store.purgeable().runs == ["gone"]


def age(path: str | Path, hours: float = 48) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_a_store_sweeps_old_pictures_of_no_event_and_no_bank_when_it_is_opened(store: Store, draw: Draw) -> None:
    names = ("left", "young", "shown", "deleted", "bank")
    image = {name: draw(name) for name in names}
    store.activations.put(VIEW, {image["bank"].identity: np.ones(3)})
    run_with(store, "kept", image["shown"])
    run_with(store, "gone", image["deleted"])
    store.delete("gone")
    for name in names:
        age(image[name].path, 1 if name == "young" else 48)
    part = Path(image["shown"].path).with_name("tmpx1_y.part")
    part.write_bytes(b"half")
    age(part)
    with store.lease("kept"):
        Store.open(store.folder).close()
        assert exists(image["left"]), "a run may be about to show it"
    Store.open(store.folder).close()
    assert not exists(image["left"]) and not part.exists()
    assert all(exists(image[name]) for name in names[1:])
    # A deleted run comes back with its picture.
    store.restore("gone")
    assert [event.event.image.identity for event in store.events("gone")] == [image["deleted"].identity]


def test_a_store_is_swept_once_a_day(store: Store, draw: Draw, drawn: Draw) -> None:
    shown = drawn("rose")
    Store.open(store.folder).close()
    left = draw("left")
    age(left.path)
    Store.open(store.folder).close()
    assert exists(left)
    age(store.images.folder / ".swept", 25)
    Store.open(store.folder).close()
    assert not exists(left) and exists(shown)


def test_a_run_waits_for_a_short_sweep(store: Store) -> None:
    taken, done = threading.Event(), threading.Event()

    def sweep() -> None:
        with store._leases.take_all():
            taken.set()
            done.wait(0.2)

    thread = threading.Thread(target=sweep)
    thread.start()
    taken.wait()
    with store.lease("a"):
        pass
    thread.join()
