"""The pictures of words that no run drew: of the shipped bank, or of a control set that was drawn here."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from line_tui import events as e
from line_tui.events import THUMBNAIL
from line_tui.explain.seeds import image_seed
from line_tui.explain.state import fold
from line_tui.explain.thumbnails import thumbnail
from line_tui.store import Store
from line_tui.store.images import Recipe, StoredAlbum
from line_tui.tui.bank_pictures import BankPictures
from line_tui.tui.neuron_overview import profile
from line_tui.tui.widgets.pool import PoolTable
from line_tui.tui.widgets.thumbnails import Thumbnails
from tests.fakes import SETTINGS, VOCABULARY, FakeGenerator
from tests.tui.stage import events_of_a_run, run_screen, settle, stage, start, through

BEGUN = through(events_of_a_run(), "spoon")
WORD = VOCABULARY[3]
OF_BANK: list[e.DurableEvent] = [
    e.Proposed(trial="t50", concept=WORD, origin="vocabulary", iteration=0),
    e.TrialScored(trial="t50", mean=8.88, auc=0.9, mad=1.0, images=2),
]


@dataclass
class Card:
    id: str


@dataclass
class Shipped:
    """A bank of one colour a picture."""

    card: Card
    thumbnails: dict[str, list[bytes]] = field(
        default_factory=lambda: {
            word: [bytes([n, image, 0]) * THUMBNAIL**2 for image in range(2)] for n, word in enumerate(VOCABULARY)
        }
    )


def test_a_word_of_the_shipped_bank_has_its_pictures_and_their_activations(tmp_path: Path) -> None:
    state = fold([*BEGUN, *OF_BANK])
    shipped = Shipped(Card("fake-bank"))
    found = BankPictures(shipped, Store.open(tmp_path).images).of(state, state.trials["t50"])  # type: ignore[arg-type]
    assert state.control is not None
    assert [image.activation for image in found] == state.control.activations[3]
    assert [image.thumbnail for image in found] == shipped.thumbnails[WORD]


def test_a_word_whose_picture_was_drawn_here_has_it_while_it_is_there(tmp_path: Path) -> None:
    state = fold([*BEGUN, *OF_BANK])
    images = Store.open(tmp_path).images
    bank = Shipped(Card("another bank"))
    assert BankPictures(bank, images).of(state, state.trials["t50"]) == ()  # type: ignore[arg-type]
    album = StoredAlbum(images, Recipe.of(FakeGenerator()))
    prompt, seed = SETTINGS.prompt_template.format(concept=WORD), image_seed("control", WORD, 0)
    picture = np.full((24, 24, 3), 77, np.uint8)
    kept = album.keep(album.identity(prompt, seed), prompt, seed, picture)
    (found,) = BankPictures(bank, images).of(state, state.trials["t50"])  # type: ignore[arg-type]
    assert (found.image.path, found.thumbnail) == (kept.path, thumbnail(picture))


def test_a_score_of_drawn_pictures_alone_shows_none_of_the_bank(tmp_path: Path) -> None:
    state = fold(BEGUN)
    kept = BankPictures(Shipped(Card("fake-bank")), Store.open(tmp_path).images)  # type: ignore[arg-type]
    assert {kept.of(state, trial) for trial in state.trials.values()} == {()}


def test_the_strongest_pictures_of_the_bank_by_hand() -> None:
    thumbnails = {"rose": [b"r0", b"r1"], "map": [b"m0", b"m1"]}
    found = profile(np.array([[1, 9], [5, 2]], np.float32), ["rose", "map"], thumbnails).strongest
    assert [(image.concept, image.activation, image.thumbnail) for image in found] == [
        ("rose", 9, b"r1"),
        ("map", 5, b"m0"),
        ("map", 2, b"m1"),
        ("rose", 1, b"r0"),
    ]
    assert profile(np.ones((2, 2), np.float32), ["rose", "map"], {}).strongest == ()


async def test_they_are_in_the_strip_from_the_first_screenful_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Shipped(Card("fake-bank"))
    activations = np.arange(2 * len(VOCABULARY), dtype=np.float32).reshape(-1, 2)
    known = profile(activations, VOCABULARY, shipped.thumbnails)
    monkeypatch.setattr("line_tui.tui.model_cache.bundled", lambda: shipped)
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: known)
    on = stage(tmp_path)
    async with on.app.run_test(size=(120, 40)) as pilot:
        await start(on, pilot)
        strip = run_screen(on.app).query_one(Thumbnails)
        await settle(pilot, lambda: strip.shown.images == known.strongest)
        assert strip.border_title == "Pictures of the bank that drive the neuron most"
        run_id = run_screen(on.app).source.run_id
        control = next(event for event in BEGUN if isinstance(event, e.ControlMeasured))
        begun = next(event for event in BEGUN if isinstance(event, e.RunStarted))
        told: list[e.DurableEvent] = [begun, control, *OF_BANK, e.PoolChanged(members=["t50"])]
        for event in told:
            if isinstance(event, e.RunStarted):
                event = e.RunStarted(run_id=run_id, spec=event.spec, settings=event.settings)
            on.engine.emit(on.store.append(run_id, event))
        await settle(pilot, lambda: [image.thumbnail for image in strip.shown.images] == shipped.thumbnails[WORD])
        assert strip.border_title == f"{WORD} · pictures of the bank"
        assert on.app.screen.query_one(PoolTable).key == "t50"
        # There is no file of a shipped picture to open.
        assert not run_screen(on.app).check_action("open", ())
        await pilot.press("v")
        assert type(on.app.screen).__name__ == "PictureScreen"
