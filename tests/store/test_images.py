from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from line_tui.store.images import Images, Recipe, StoredAlbum
from tests.fakes import FakeGenerator


def test_a_picture_comes_back_as_it_was(album: StoredAlbum) -> None:
    (picture,) = FakeGenerator().draw(["a picture of a rose"], [7], lambda step, steps: None)
    identity = album.identity("a picture of a rose", 7)
    assert album.find(identity) is None
    record = album.keep(identity, "a picture of a rose", 7, picture)
    found = album.find(identity)
    assert found is not None and np.array_equal(found[0], picture) and found[1] == record.path
    with Image.open(record.path) as image:
        assert image.info["prompt"] == "a picture of a rose" and image.info["seed"] == "7"
    assert [path.suffix for path in Path(record.path).parent.iterdir()] == [".png"]


@pytest.mark.parametrize("keep", [0, 10, 100, 0.5, 0.99])
def test_a_truncated_picture_is_drawn_again(album: StoredAlbum, keep: float) -> None:
    (picture,) = FakeGenerator().draw(["a picture of a rose"], [7], lambda step, steps: None)
    path = Path(album.keep(album.identity("x", 7), "x", 7, picture).path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if keep < 1 else int(keep)])
    assert album.find(album.identity("x", 7)) is None
    album.keep(album.identity("x", 7), "x", 7, picture)
    assert album.find(album.identity("x", 7)) is not None


def test_a_flipped_bit_is_noticed(album: StoredAlbum) -> None:
    (picture,) = FakeGenerator().draw(["a picture of a rose"], [7], lambda step, steps: None)
    path = Path(album.keep(album.identity("x", 7), "x", 7, picture).path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    assert album.find(album.identity("x", 7)) is None


def test_the_identity_depends_on_everything_that_the_picture_depends_on(tmp_path: Path) -> None:
    base = Recipe(generator="g@1", steps=8, guidance=2.0, size=64, batch_size=8)
    recipes = [
        base,
        Recipe("g@2", 8, 2.0, 64, 8),
        Recipe("g@1", 4, 2.0, 64, 8),
        Recipe("g@1", 8, 3.0, 64, 8),
        Recipe("g@1", 8, 2.0, 32, 8),
        Recipe("g@1", 8, 2.0, 64, 4),
    ]
    albums = [StoredAlbum(Images(tmp_path), recipe) for recipe in recipes]
    identities = [album.identity("a cat", 1) for album in albums]
    identities += [albums[0].identity("a dog", 1), albums[0].identity("a cat", 2)]
    assert len(set(identities)) == len(identities)
    # The same in every process and version: stored pictures are found by it.
    assert identities[0] == "0af78659e73583b1aac31d69e5729ef1"
