"""A folder of the user's own pictures as control set, in the world of colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.engine.client import EngineClient
from line_tui.engine.control_set import ControlSet
from line_tui.engine.folder_control_set import FolderControl, check_folder
from line_tui.errors import UsageError
from line_tui.explain.loop import Models
from line_tui.explain.scores import auc
from line_tui.store import Store
from line_tui.store.images import Recipe, StoredAlbum
from tests.engine.fake_engine import FakeSource
from tests.engine.sessions import SPEC, state_of, until_idle
from tests.fakes import VOCABULARY, FakeGenerator, FakeLanguage, FakeVision


def paint(path: Path, red: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (red, 0, 0)).save(path)


def control(store: Store, folder: Path, vision: FakeVision, images: int = 2) -> FolderControl:
    generator = FakeGenerator()
    usual = ControlSet(
        source=FakeSource(),
        models=Models(FakeLanguage(), generator, vision),
        layer=FakeSource().layers("fake")[1],
        neuron=0,
        album=StoredAlbum(store.images, Recipe.of(generator)),
        activations=store.activations,
        show=lambda event: None,
        check=lambda: None,
    )
    return FolderControl(folder, images, usual)


def test_classes_are_the_vocabulary(store: Store, tmp_path: Path) -> None:
    for n, red in enumerate([255, 51, 0]):
        paint(tmp_path / f"pictures/fire_engine/{n}.png", red)
        paint(tmp_path / f"pictures/coal/{n}.png", 0)
    bank = control(store, tmp_path / "pictures", FakeVision()).measure()
    assert bank.concepts == ["coal", "fire engine"]
    assert bank.activations == pytest.approx(np.array([[0, 0], [1, 0.2]]), abs=1e-3)
    assert (bank.layer_scale, bank.drawn, bank.reference_activations) == (1.0, 0, None)


def test_loose_pictures_stand_beside_the_usual_vocabulary(store: Store, tmp_path: Path) -> None:
    for n, red in enumerate([255, 102, 0]):
        paint(tmp_path / f"pictures/{n}.png", red)
    bank = control(store, tmp_path / "pictures", FakeVision()).measure()
    assert (bank.concepts, bank.drawn) == (VOCABULARY, len(VOCABULARY))
    assert bank.reference_activations == pytest.approx(np.array([1, 0.4, 0]), abs=1e-3)


def test_broken_files_are_named_and_small_classes_left_out(store: Store, tmp_path: Path) -> None:
    for n in range(3):
        paint(tmp_path / f"pictures/other/{n}.png", 0)
        paint(tmp_path / f"pictures/whole/{n}.png", 100)
        paint(tmp_path / f"pictures/small/{n}.png", 100)
    (tmp_path / "pictures/whole/0.png").write_bytes(b"broken")
    (tmp_path / "pictures/small/0.png").write_bytes(b"broken")
    (tmp_path / "pictures/small/1.png").unlink()
    bank = control(store, tmp_path / "pictures", FakeVision()).measure()
    assert bank.concepts == ["other", "whole"]
    named = [line.split(":")[0].removeprefix(f"{tmp_path}/pictures/") for line in bank.skipped]
    assert named == ["small/0.png", "small", "whole/0.png"]
    with pytest.raises(UsageError, match="has no classes with 9 readable pictures"):
        control(store, tmp_path / "pictures", FakeVision(), images=9).measure()


def test_no_picture_is_looked_at_twice_and_a_changed_one_changes_the_name(store: Store, tmp_path: Path) -> None:
    for n in range(3):
        paint(tmp_path / f"pictures/{n}.png", 50 * n)
    vision = FakeVision()
    first = control(store, tmp_path / "pictures", vision).measure()
    again = control(store, tmp_path / "pictures", vision).measure()
    assert vision.looked == len(VOCABULARY) + 3
    assert first.reference_activations is not None and again.reference_activations is not None
    assert (first.id, first.reference_activations.tolist()) == (again.id, again.reference_activations.tolist())
    paint(tmp_path / "pictures/1.png", 255)
    assert control(store, tmp_path / "pictures", vision).measure().id != first.id
    assert vision.looked == len(VOCABULARY) + 4


def test_a_large_class_is_taken_in_parts(store: Store, tmp_path: Path) -> None:
    for n in range(70):
        paint(tmp_path / f"pictures/dark/{n:02}.png", n)
        paint(tmp_path / f"pictures/light/{n:02}.png", 255)
    checks: list[int] = []
    whole = control(store, tmp_path / "pictures", FakeVision(), images=70)
    parts = replace(whole, usual=replace(whole.usual, check=lambda: checks.append(1)))
    assert parts.measure().activations[0] == pytest.approx(np.arange(70) / 255, abs=1e-3)
    assert len(checks) == 6


def test_folders_that_cannot_serve_are_refused_before_any_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        check_folder(e.RunSpec(model="m", layer="l", neuron=0, strategy="published", control=str(tmp_path / "nowhere")))
    with pytest.raises(UsageError, match="no picture"):
        check_folder(e.RunSpec(model="m", layer="l", neuron=0, strategy="adaptive", control=str(tmp_path)))
    paint(tmp_path / "dark/1.png", 0)
    with pytest.raises(UsageError, match=r"has 1 class with 5 readable pictures, .* compares at least two"):
        check_folder(e.RunSpec(model="m", layer="l", neuron=0, images=5, control=str(tmp_path)))


async def test_a_run_is_scored_against_the_users_pictures(client: EngineClient, store: Store, tmp_path: Path) -> None:
    for n in range(5):
        paint(tmp_path / f"pictures/{n}.png", 40 * n)
    (tmp_path / "pictures/x.png").write_bytes(b"broken")
    control = str(tmp_path / "pictures")
    spec = msgspec.structs.replace(SPEC, layer="fc", iterations=2, images=2, control=control)
    await client.send(p.Start(run_id="a", spec=spec))
    seen = await until_idle(client.messages())
    measured = next(event for event in seen if isinstance(event, e.ControlMeasured))
    assert measured.reference_activations == pytest.approx([40 * n / 255 for n in range(5)], abs=1e-3)
    assert measured.skipped[0].startswith(f"{tmp_path}/pictures/x.png: ")
    state = state_of(store, "a")
    assert state.control is not None and state.control.flat == measured.reference_activations
    for trial in state.trials.values():
        assert trial.score is not None
        assert trial.score.auc == pytest.approx(auc(trial.activations(), measured.reference_activations))
