"""The control set is drawn once, goes on where it was cut off, and serves every neuron of the layer."""

from pathlib import Path

import numpy as np
import pytest

from line_tui import events as e
from line_tui.engine.control_set import START, ControlSet
from line_tui.engine.model_source import ReadyBank
from line_tui.explain.loop import Models
from line_tui.explain.ports import Cancelled
from line_tui.store import Store
from line_tui.store.images import Recipe, StoredAlbum
from tests.engine.fake_engine import FakeSource
from tests.fakes import VOCABULARY, FakeGenerator, FakeLanguage, FakeVision


class ManyWords(FakeSource):
    """Has more words than a first control set takes."""

    def vocabulary(self) -> list[str]:
        return VOCABULARY + [f"word {n}" for n in range(START)]


class World:
    """A control set over a store in a folder."""

    def __init__(self, folder: Path, source: FakeSource | None = None) -> None:
        self.store = Store.open(folder)
        self.generator, self.vision = FakeGenerator(), FakeVision()
        self.shown: list[e.EphemeralEvent] = []
        self.source = source or FakeSource()
        self.checks = 10**6

    def control(self, neuron: int = 0) -> ControlSet:
        album = StoredAlbum(self.store.images, Recipe.of(self.generator))
        layer = self.source.layers("fake")[1]
        models = Models(FakeLanguage(), self.generator, self.vision)
        activations = self.store.activations
        return ControlSet(self.source, models, layer, neuron, album, activations, self.shown.append, self.check)

    def check(self) -> None:
        self.checks -= 1
        if self.checks < 0:
            raise Cancelled

    def cut_off(self, checks: int, grow: bool = False) -> None:
        """Measure, or grow, until so many checks have passed."""
        self.checks = checks
        with pytest.raises(Cancelled):
            self.control().grow() if grow else self.control().measure()
        self.checks = 10**6


def test_one_picture_a_word(tmp_path: Path) -> None:
    world = World(tmp_path)
    bank = world.control().measure()
    assert bank.concepts == VOCABULARY and bank.activations.shape == (12, 1)
    assert bank.drawn == world.generator.drawn == 12
    assert bank.concepts[int(bank.activations[:, 0].argmax())] == "tomato"
    assert bank.layer_scale == world.control(2).measure().layer_scale > 0.5
    progress = [event for event in world.shown if isinstance(event, e.Progress)]
    assert [event.done for event in progress][:4] == [0, 4, 8, 12]


def test_nothing_is_drawn_or_looked_at_twice(tmp_path: Path) -> None:
    world = World(tmp_path)
    red = world.control(0).measure()
    green = world.control(1).measure()
    assert (green.drawn, world.generator.drawn, world.vision.looked) == (0, 12, 12)
    assert green.id == red.id and not np.array_equal(green.activations, red.activations)


@pytest.mark.parametrize("checks", range(0, 9, 2))
def test_it_goes_on_where_it_was_cut_off(tmp_path: Path, checks: int) -> None:
    whole = World(tmp_path / "whole").control().measure()
    world = World(tmp_path / "cut")
    world.cut_off(checks)
    bank = world.control().measure()
    assert bank.id == whole.id and np.array_equal(bank.activations, whole.activations)
    assert world.generator.drawn == 12


def test_where_there_is_no_bank_yet_a_part_of_the_vocabulary_will_do(tmp_path: Path) -> None:
    world = World(tmp_path, ManyWords())
    bank = world.control().measure()
    assert len(bank.concepts) == bank.drawn == START and bank.missing == 12
    assert bank.concepts != ManyWords().vocabulary()[:START]


@pytest.mark.parametrize("checks", [0, 1, 3, 5])
def test_growth_that_is_cut_off_changes_no_control_set(tmp_path: Path, checks: int) -> None:
    world = World(tmp_path, ManyWords())
    before = world.control().measure()
    world.cut_off(checks, grow=True)
    after = world.control().measure()
    assert (after.id, after.drawn, after.missing) == (before.id, 0, 12)
    assert world.generator.drawn >= START


def test_a_grown_bank_is_taken_whole(tmp_path: Path) -> None:
    world = World(tmp_path, ManyWords())
    before = world.control().measure()
    world.cut_off(3, grow=True)
    world.control().grow()
    after = world.control().measure()
    assert after.concepts == ManyWords().vocabulary() and (after.drawn, after.missing) == (0, 0)
    assert world.generator.drawn == len(after.concepts) and after.id != before.id
    same = [after.concepts.index(word) for word in before.concepts]
    assert np.array_equal(after.activations[same], before.activations)


def test_a_damaged_picture_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    before = world.control().measure()
    for path in world.store.images.folder.rglob("*.png"):
        path.write_bytes(path.read_bytes()[:50])
    with world.store._database.write() as transaction:
        transaction.execute("DELETE FROM activations")
    after = world.control().measure()
    assert after.drawn == 12 and np.array_equal(after.activations, before.activations)


def test_a_ready_bank_is_taken_as_it_is(tmp_path: Path) -> None:
    class Ready(FakeSource):
        def ready_bank(self, models: Models, layer: str) -> ReadyBank | None:
            return ReadyBank("ready", ["rose", "map"], np.array([[[1, 2, -9]], [[3, 4, 5]]], np.float32))

    world = World(tmp_path, Ready())
    bank = world.control(1).measure()
    assert (bank.id, bank.drawn, bank.layer_scale) == ("ready", 0, 9.0)
    assert bank.activations.tolist() == [[2.0], [4.0]] and world.generator.drawn == 0
