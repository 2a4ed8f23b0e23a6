"""Draw a gallery of the generator, unselected: 40 concepts, 20 pairs of attribute and noun, one word with 16 seeds.

python models/make_gallery.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from emoji_drawings import drawings
from PIL import Image, ImageDraw
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

ROOT = Path(__file__).resolve().parent
CONCEPTS = """
dog face, cat face, monkey, strawberry, red square, bullet train, pizza, guitar, lion, penguin,
house, tree, red heart, sun with face, fish, dolphin, wolf, cat, tangerine, bus,
smiling face, angry face, bear, blue circle, airplane, watch, umbrella, hammer, pineapple, cherry blossom,
puppy, lorry, sailboat, reptile, insect, violinist, dessert, vehicle, furniture, royal crown
"""
PAIRS = """
red car, blue dog, green apple, cat on a green background, two apples,
small house, upside-down cup, pink guitar, three birds, purple tree,
yellow bus, black heart, large key, four fish, tilted hammer, robot on the left,
owl on a red background, two blue hats, white elephant, brown shoe
"""
WORD, SEEDS = "animal", 16
COLUMNS = 10
CELL, CAPTION, GAP = 96, 16, 8


def main() -> None:
    """Draw and write `gallery.png`."""
    torch.set_num_threads(1)
    words = [word.strip() for word in f"{CONCEPTS},{PAIRS}".split(",")]
    with TemporaryDirectory() as folder:
        pictures, seeds = drawings(Path(folder), "0", words, 1), drawings(Path(folder), "0", [WORD], SEEDS)
    captions = [*words, *(f"{WORD}, seed {seed}" for seed in range(SEEDS))]
    sheet(torch.cat([pictures, seeds]), captions).save(ROOT / "gallery.png", optimize=True)


def sheet(pictures: Tensor, captions: list[str], columns: int = COLUMNS) -> Image.Image:
    """Pictures `uint8[n, 3, CELL, CELL]` in rows, each above its caption."""
    rows = -(-len(captions) // columns)
    step = (CELL + GAP, CELL + CAPTION + GAP)
    drawn = Image.new("RGB", (columns * step[0] + GAP, rows * step[1] + GAP), "white")
    pen = ImageDraw.Draw(drawn)
    for index, (caption, picture) in enumerate(zip(captions, pictures, strict=True)):
        corner = (GAP + index % columns * step[0], GAP + index // columns * step[1])
        drawn.paste(to_pil_image(picture), corner)
        size = 11 if len(caption) < 18 else 8
        pen.text((corner[0] + CELL / 2, corner[1] + CELL + 2), caption, fill="black", anchor="ma", font_size=size)
    return drawn


if __name__ == "__main__":
    main()
