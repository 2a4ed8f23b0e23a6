"""Draw the members of every concept in every style, to be checked by eye.

    python models/make_taxonomy_sheets.py --data DIR

Writes `taxonomy/NN.webp`, the concepts in the taxonomy's order.
"""

import argparse
from pathlib import Path

import numpy as np
from emoji_data import ROOT, read_labels, read_taxonomy
from PIL import Image, ImageDraw, ImageFont

THUMB, GAP, LINE, COLUMNS = 34, 10, 12, 8
CELL = 4 * THUMB + GAP
PAGE = 1400
"""Height of a page from which the next concept starts a new one."""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "taxonomy")
    arguments = parser.parse_args()
    labels = read_labels(arguments.data)
    with np.load(arguments.data / "pictures.npz") as arrays:
        thumbs = {
            (int(label), int(style)): picture
            for picture, label, style in zip(arrays["pictures"], arrays["label"], arrays["style"], strict=True)
        }
    strips = [strip(thumbs, number, entry["label"]) for number, entry in enumerate(labels)]
    arguments.out.mkdir(exist_ok=True)
    for old in arguments.out.glob("*.webp"):
        old.unlink()
    page: list[Image.Image] = []
    pages = 0
    for name, concept in read_taxonomy(labels).items():
        if concept["kind"] == "name":
            continue
        page.append(section(f"{name} ({concept['kind']}, {len(concept['members'])})", concept["members"], strips))
        if sum(image.height for image in page) > PAGE:
            save(page, arguments.out / f"{pages:02}.webp")
            page, pages = [], pages + 1
    if page:
        save(page, arguments.out / f"{pages:02}.webp")


def strip(thumbs: dict[tuple[int, int], np.ndarray], label: int, name: str) -> Image.Image:
    """One emoji in the four styles, its name below."""
    cell = Image.new("RGB", (CELL, THUMB + LINE), "#d8dce0")
    for style in range(4):
        if (label, style) in thumbs:
            thumb = Image.fromarray(thumbs[label, style]).resize((THUMB, THUMB), Image.Resampling.LANCZOS)
            cell.paste(thumb, (style * THUMB, 0), thumb)
    ImageDraw.Draw(cell).text((0, THUMB), name[:26], "black", ImageFont.load_default(10))
    return cell


def section(title: str, members: list[int], strips: list[Image.Image]) -> Image.Image:
    """A concept's members below its name."""
    rows = -(-len(members) // COLUMNS)
    image = Image.new("RGB", (CELL * COLUMNS, 20 + rows * (THUMB + LINE)), "#d8dce0")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width, 17), "#303840")
    draw.text((4, 1), title, "white", ImageFont.load_default(13))
    for place, member in enumerate(members):
        row, column = divmod(place, COLUMNS)
        image.paste(strips[member], (column * CELL, 20 + row * (THUMB + LINE)))
    return image


def save(sections: list[Image.Image], path: Path) -> None:
    """Sections one below the other."""
    page = Image.new("RGB", (sections[0].width, sum(image.height for image in sections)))
    top = 0
    for image in sections:
        page.paste(image, (0, top))
        top += image.height
    page.save(path, quality=35, method=4)


if __name__ == "__main__":
    main()
