from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from torchvision.transforms.v2.functional import to_dtype

from line_tui.errors import UsageError
from line_tui.models.picture_folder import SUFFIXES, UnreadablePicture, in_batches, open_folder, read_picture, readable
from line_tui.png import decode_png


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
    with pytest.raises(UsageError, match="is not a folder"):
        open_folder(tmp_path / "nowhere")
    _draw(tmp_path / "red_apple/a.png")
    _draw(tmp_path / "red apple/a.png")
    with pytest.raises(UsageError, match="two classes named 'red apple'"):
        open_folder(tmp_path)
    (tmp_path / "names.json").write_text("[]")
    with pytest.raises(UsageError, match=r"names\.json"):
        open_folder(tmp_path)


def test_a_folder_without_pictures_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds no pictures — "):
        open_folder(tmp_path)
    (tmp_path / "empty/notes.txt").touch()
    with pytest.raises(UsageError, match=r"holds no pictures; 1 of its 1 files is not a picture of a known type"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("mode", "colour"), [("RGBA", (255, 0, 0, 128)), ("L", (76,)), ("P", (1,)), ("CMYK", (0,) * 4)]
)
def test_every_kind_of_picture_becomes_rgb(tmp_path: Path, mode: str, colour: tuple[int, ...]) -> None:
    path = _draw(tmp_path / "a.tiff", colour if len(colour) > 1 else colour[0], mode)  # type: ignore[arg-type]
    picture = read_picture(path)
    assert picture.shape == (6, 8, 3)
    assert picture.dtype == np.dtype("uint8")


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


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_grey_of_16_bits_is_what_torchvision_makes_of_it(tmp_path: Path, suffix: str) -> None:
    grey = (np.arange(65536, step=257).reshape(16, 16) ^ 37).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / f"a{suffix}")
    wanted = to_dtype(torch.from_numpy(grey), torch.uint8, scale=True).numpy()
    picture = read_picture(tmp_path / f"a{suffix}")
    assert all(np.array_equal(picture[..., channel], wanted) for channel in range(3))


@pytest.mark.parametrize("most", [255, 1023, 4095])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_fewer_bits_in_a_file_of_16_is_not_taken_for_black(most: int, suffix: str, tmp_path: Path) -> None:
    Image.fromarray(np.linspace(0, most, 64).astype(np.uint16).reshape(8, 8)).save(tmp_path / f"x{suffix}")
    with pytest.raises(UnreadablePicture, match=f"goes from 0 to {most} only"):
        read_picture(tmp_path / f"x{suffix}")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / f"black{suffix}")
    assert not read_picture(tmp_path / f"black{suffix}").any()


def test_grey_of_fractions_is_what_pillow_saves_of_them(tmp_path: Path) -> None:
    shares = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    Image.fromarray(shares).save(tmp_path / "a.tiff")
    wanted = to_dtype(torch.from_numpy(shares), torch.uint8, scale=True).numpy().astype(int)
    assert np.abs(read_picture(tmp_path / "a.tiff")[..., 0].astype(int) - wanted).max() <= 1


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0.0, 255.0]], np.float32),
        np.array([[-0.5, 1.0]], np.float32),
        np.array([[0.0, np.nan]], np.float32),
        np.array([[0, 70_000]], np.int32),
    ],
)
def test_grey_whose_white_nobody_knows_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(tmp_path / "a.tiff")
    with pytest.raises(UnreadablePicture, match="so white is unknown"):
        read_picture(tmp_path / "a.tiff")


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (1, 3_000_000)])
def test_a_thread_of_pixels_is_refused_before_it_is_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(UnreadablePicture, match="too long and narrow"):
        read_picture(_draw(tmp_path / "a.png", size=size))


@pytest.mark.parametrize("kind", ["EPS", "PDF", "PCX", "XBM"])
def test_formats_that_are_not_listed_are_never_opened(tmp_path: Path, kind: str) -> None:
    # By its content Pillow would start Ghostscript for the first of these.
    Image.new("1" if kind == "XBM" else "RGB", (8, 6)).save(tmp_path / "x.png", kind)
    with pytest.raises(UnreadablePicture, match="not a picture of a known type"):
        read_picture(tmp_path / "x.png")


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".apng"}))
def test_every_listed_type_is_read(tmp_path: Path, suffix: str) -> None:
    _draw(tmp_path / f"a/x{suffix}", (255,) if suffix == ".pbm" else (0, 0, 255), "1" if suffix == ".pbm" else "RGB")
    [each] = open_folder(tmp_path).classes
    assert read_picture(each.files[0]).shape == (6, 8, 3)


def test_links_are_followed_and_never_in_a_circle(tmp_path: Path) -> None:
    _draw(tmp_path / "store/1/a.png")
    _draw(tmp_path / "store/1/deeper/b.png")
    root = tmp_path / "root"
    root.mkdir()
    (root / "cat").symlink_to(tmp_path / "store/1")
    (root / "dog").mkdir()
    (root / "dog/more").symlink_to(tmp_path / "store/1/deeper")
    (tmp_path / "store/1/deeper/up").symlink_to(tmp_path / "store/1")
    (root / "gone").symlink_to(tmp_path / "nowhere")
    found = {each.concept: sorted(file.name for file in each.files) for each in open_folder(root).classes}
    assert found == {"cat": ["a.png", "b.png"], "dog": ["a.png", "b.png"]}


@pytest.mark.parametrize(
    "files",
    [
        ["train/cat/a.png", "train/dog/a.png", "val/cat/a.png", "val/dog/a.png"],
        ["val/cat/a.png", "val/dog/a.png"],
        ["train/a.png", "Test/a.png"],
        ["images/a.png"],
        ["first/cat/a.png", "first/dog/a.png"],
        ["a/abbey/a.png", "a/alley/a.png", "b/bakery/a.png", "b/bridge/a.png"],
    ],
)
def test_parts_of_a_data_set_are_no_classes(tmp_path: Path, files: list[str]) -> None:
    for file in files:
        _draw(tmp_path / file)
    with pytest.raises(UsageError, match="look like splits of a data set, not classes"):
        open_folder(tmp_path)
    # Unless somebody says that they are.
    names = {Path(file).parts[0]: Path(file).parts[0] for file in files}
    (tmp_path / "names.json").write_text(json.dumps(names))
    assert {each.concept for each in open_folder(tmp_path).classes} == set(names)


def test_large_pictures_are_not_in_memory_together(tmp_path: Path) -> None:
    pictures = [(tmp_path / str(n), np.broadcast_to(np.uint8(0), (5000, 5000, 3))) for n in range(5)]
    assert [len(batch) for batch in in_batches(iter(pictures), 32)] == [2, 2, 1]
    small = [(tmp_path / str(n), np.zeros((4, 4, 3), np.uint8)) for n in range(70)]
    assert [len(batch) for batch in in_batches(iter(small), 32)] == [32, 32, 6]


@pytest.mark.parametrize("mode", ["RGB", "L", "I;16"])
@pytest.mark.parametrize("turned", [1, 3, 5, 6, 8])
def test_a_tiff_is_turned_as_it_says(mode: str, turned: int, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    upright: dict[int, Any] = {
        1: values,
        3: np.rot90(values, 2),
        5: values.swapaxes(0, 1),
        6: np.rot90(values, -1),
        8: np.rot90(values),
    }
    wanted = upright[turned]
    if mode != "RGB":
        values, wanted = values[..., 0], np.repeat(wanted[..., :1], 3, axis=2)
    kept = values.astype(np.uint16) << 8 if mode == "I;16" else values
    Image.fromarray(kept).save(tmp_path / "x.tif", tiffinfo={0x112: turned})
    assert np.array_equal(read_picture(tmp_path / "x.tif"), wanted)


def test_what_is_no_picture_of_a_class_is_named(tmp_path: Path) -> None:
    for name in ("dog", "bird", "fish"):
        (tmp_path / name).mkdir()
    _draw(tmp_path / "cat/a.png")
    _draw(tmp_path / "beside.png")
    (tmp_path / "cat" / "notes.txt").touch()
    (tmp_path / "bird" / "b.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "fish" / "c.heic").touch()
    opened = open_folder(tmp_path)
    assert [each.concept for each in opened.classes] == ["cat"] and not opened.loose
    assert {path.name: reason for path, reason in opened.left_out.items()} == {
        "dog": "it holds no pictures",
        "bird": "b.png is a broken link",
        "fish": "1 of its 1 files is not a picture of a known type (.heic)",
        "cat": "1 of its 2 files is not a picture of a known type (.txt)",
        tmp_path.name: "1 picture beside its subfolders, in no class",
    }


@pytest.mark.parametrize("kind", [IndexError, RuntimeError, ZeroDivisionError])
def test_a_damaged_picture_is_skipped_whatever_pillow_raises(
    kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()

    def fail(*given: Any, **named: Any) -> Any:
        raise kind("list index out of range")

    monkeypatch.setattr(PngImageFile, "load", fail)
    with pytest.raises(UnreadablePicture, match="list index out of range"):
        read_picture(tmp_path / "x.png")
    assert decode_png(content) is None
