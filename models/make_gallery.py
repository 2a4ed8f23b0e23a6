"""Draw the gallery of the README: 40 concepts, unselected, run seed 0.

python models/make_gallery.py
"""

from pathlib import Path

import torch
from measure_emoji_diffusion import draw, load_pipeline
from PIL import Image, ImageDraw
from torchvision.transforms.functional import to_pil_image

from line_tui.models.catalog import read_catalog

ROOT = Path(__file__).resolve().parent
CONCEPTS = """
dog face, cat face, monkey, strawberry, red square, bullet train, pizza, guitar, lion, penguin,
house, tree, red heart, sun with face, fish, dolphin, wolf, cat, tangerine, bus,
smiling face, angry face, bear, blue circle, airplane, watch, umbrella, hammer, pineapple, cherry blossom,
puppy, lorry, sailboat, reptile, insect, violinist, dessert, vehicle, furniture, royal crown
"""
COLUMNS = 10
CELL, CAPTION, GAP = 128, 18, 8


def main() -> None:
    """Draw and write `gallery.png`."""
    torch.set_num_threads(1)
    words = [word.strip() for word in CONCEPTS.split(",")]
    entry = read_catalog().find_generator("emoji-diffusion")
    pictures, _ = draw(load_pipeline(), words, "0", 1, entry.steps, entry.guidance)
    rows = -(-len(words) // COLUMNS)
    step = (CELL + GAP, CELL + CAPTION + GAP)
    sheet = Image.new("RGB", (COLUMNS * step[0] + GAP, rows * step[1] + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for index, (word, picture) in enumerate(zip(words, pictures, strict=True)):
        corner = (GAP + index % COLUMNS * step[0], GAP + index // COLUMNS * step[1])
        sheet.paste(to_pil_image(picture).resize((CELL, CELL), Image.Resampling.BICUBIC), corner)
        pen.text((corner[0] + CELL / 2, corner[1] + CELL + 2), word, fill="black", anchor="ma", font_size=13)
    sheet.save(ROOT / "gallery.png", optimize=True)


if __name__ == "__main__":
    main()
