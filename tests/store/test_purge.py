"""A purge erases deleted runs and what they alone show, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from line_tui import events as e
from line_tui.errors import StoreError, UnknownNameError
from line_tui.store import Store
from line_tui.store.activations import View
from line_tui.store.images import Recipe, StoredAlbum
from tests.fakes import FakeGenerator

VIEW = View("v@1", "fc", "none")


def drawn(store: Store, prompt: str) -> e.ImageRecord:
    album = StoredAlbum(store.images, Recipe.of(FakeGenerator()))
    (picture,) = FakeGenerator().draw([prompt], [1], lambda step, steps: None)
    record = album.keep(album.identity(prompt, 1), prompt, 1, picture)
    store.activations.put(VIEW, {record.identity: np.ones(3)})
    return record


def run_with(store: Store, run_id: str, image: e.ImageRecord, *pair: e.ImageRecord) -> None:
    store.create(run_id, e.RunSpec(model="fake", layer="fc", neuron=0))
    store.append(run_id, e.ImageScored(trial="t0", concept="rose", index=0, image=image, activation=1.0))
    if pair:
        before, after = ([e.PairSide(image=side, activation=1.0)] for side in pair)
        store.append(
            run_id,
            e.MinimalPairMeasured(
                concept="red rose", variant="rose", kind="drop", before=before, after=after, lost=0.0, p_value=1.0
            ),
        )


def exists(image: e.ImageRecord) -> bool:
    return Path(image.path).exists()


def test_what_only_deleted_runs_show_goes(store: Store) -> None:
    shared, own, before, after, unshown = (drawn(store, name) for name in ("rose", "red", "tulip", "fern", "control"))
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


def test_the_file_gives_its_room_back(store: Store) -> None:
    run_with(store, "gone", drawn(store, "rose"))
    store.append_all("gone", [e.ModeChanged(ask_first=False)] * 10_000)
    store.delete("gone")
    store.purge(store.purgeable())
    store.close()
    assert (store.folder / "line.db").stat().st_size < 1 << 17


def test_nothing_is_erased_while_a_run_goes_on(store: Store) -> None:
    run_with(store, "gone", drawn(store, "rose"))
    run_with(store, "busy", drawn(store, "fern"))
    store.delete("gone")
    with store.lease("busy"), pytest.raises(StoreError, match="run 'busy' goes on"):
        store.purgeable()
    assert store.purgeable().runs == ["gone"]
