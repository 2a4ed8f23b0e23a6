from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from line_tui.errors import UsageError
from line_tui.models.folder import UnreadablePicture, open_folder, read_picture, readable


def _draw(path: Path, colour: tuple[int, ...] = (255, 0, 0), mode: str = "RGB", size: tuple[int, int] = (8, 6)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def test_one_subfolder_a_class(tmp_path: Path) -> None:
    _draw(tmp_path / "great_white_shark/b.png")
    _draw(tmp_path / "great_white_shark/a.jpg")
    _draw(tmp_path / "apple/deeper/c.PNG")
    (tmp_path / "apple/readme.txt").write_text("no picture")
    (tmp_path / "empty").mkdir()
    _draw(tmp_path / ".thumbnails/a.png")
    folder = open_folder(tmp_path)
    assert [(each.concept, [file.name for file in each.files]) for each in folder.classes] == [
        ("apple", ["c.PNG"]),
        ("great white shark", ["a.jpg", "b.png"]),
    ]
    assert folder.loose == []


def test_names_for_folders_that_have_only_numbers(tmp_path: Path) -> None:
    _draw(tmp_path / "n01440764/a.png")
    (tmp_path / "names.json").write_text('{"n01440764": "tench"}')
    assert [each.concept for each in open_folder(tmp_path).classes] == ["tench"]


def test_loose_pictures(tmp_path: Path) -> None:
    _draw(tmp_path / "b.png")
    _draw(tmp_path / "a.png")
    folder = open_folder(tmp_path)
    assert folder.classes == []
    assert [path.name for path in folder.loose] == ["a.png", "b.png"]


def test_folders_that_cannot_serve(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no pictures"):
        open_folder(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        open_folder(tmp_path / "nowhere")
    _draw(tmp_path / "red_apple/a.png")
    _draw(tmp_path / "red apple/a.png")
    with pytest.raises(UsageError, match="two classes named 'red apple'"):
        open_folder(tmp_path)
    (tmp_path / "names.json").write_text("[]")
    with pytest.raises(UsageError, match=r"names\.json"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("mode", "colour"), [("RGBA", (255, 0, 0, 128)), ("L", (76,)), ("P", (1,)), ("CMYK", (0,) * 4)]
)
def test_every_kind_of_picture_becomes_rgb(tmp_path: Path, mode: str, colour: tuple[int, ...]) -> None:
    path = _draw(tmp_path / "a.tiff", colour if len(colour) > 1 else colour[0], mode)  # type: ignore[arg-type]
    picture = read_picture(path)
    assert picture.shape == (6, 8, 3)
    assert picture.dtype == np.dtype("uint8")


def test_a_photograph_is_seen_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").shape == (8, 6, 3)


def test_files_that_are_no_pictures_are_named_and_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    whole = _draw(tmp_path / "whole.png", size=(200, 200))
    (tmp_path / "b.png").write_bytes(whole.read_bytes()[:200])
    (tmp_path / "c.png").write_bytes(b"")
    whole.rename(tmp_path / "d.png")
    _draw(tmp_path / "e.png")
    _draw(tmp_path / "f.png")
    skipped: dict[Path, str] = {}
    read = [path.name for path, _ in readable(open_folder(tmp_path).loose, 2, skipped)]
    assert read == ["d.png", "e.png"]
    assert [path.name for path in skipped] == ["a.png", "b.png", "c.png"]
    assert all(skipped.values())


def test_a_picture_that_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(UnreadablePicture, match="too many pixels"):
        read_picture(_draw(tmp_path / "a.png"))
