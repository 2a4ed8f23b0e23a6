from collections.abc import Callable

import pytest

from line_tui import events as e
from line_tui.store import Store
from line_tui.store.images import Recipe, StoredAlbum
from tests.fakes import FakeGenerator


@pytest.fixture
def album(store: Store) -> StoredAlbum:
    return StoredAlbum(store.images, Recipe.of(FakeGenerator()))


@pytest.fixture
def draw(album: StoredAlbum) -> Callable[[str], e.ImageRecord]:
    def draw(prompt: str) -> e.ImageRecord:
        (picture,) = FakeGenerator().draw([prompt], [1], lambda step, steps: None)
        return album.keep(album.identity(prompt, 1), prompt, 1, picture)

    return draw
