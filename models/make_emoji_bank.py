"""Make emoji-bank: a seed vocabulary drawn once, and what the bundled vision models make of it.

    python models/make_emoji_bank.py --data DIR

Ten minutes on one core, most of them for drawing. To be made again whenever emoji-diffusion, emoji-resnet18 or
emoji-planted changes.
"""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import emoji_data
import emoji_vocabulary
import numpy as np
import torch
from emoji_data import ROOT
from emoji_drawings import drawings
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from line_tui.engine.bundled_bank import SETTINGS, weights_digest
from line_tui.events import THUMBNAIL
from line_tui.explain.thumbnails import thumbnail
from line_tui.models.catalog import read_catalog
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.model_files import locate
from line_tui.models.networks import find_network
from line_tui.worlds.emoji.planted import PlantedNetwork
from line_tui.worlds.minilm import embed

FOLDER = ROOT / "emoji-bank"
RUN_SEED = "bank"
IMAGES = 4
QUALITY = 85
"""Of the JPEG: what can be told apart in half-cells."""


def main() -> None:
    """The command line."""
    [data] = emoji_data.asked(__doc__)
    FOLDER.mkdir(exist_ok=True)
    withheld = json.loads((ROOT / "emoji-planted" / "answers.json").read_text())["withheld_words"]
    words = emoji_vocabulary.without(emoji_vocabulary.vocabulary(emoji_data.read_labels(data)), withheld)
    entry = read_catalog().find_generator("emoji-diffusion")
    generator = DiffusersGenerator(locate(entry.source, entry.id), entry)
    prompts = [generator.prompt_template.format(concept=word) for word in words]
    if prompts != words:
        raise ValueError("the bank's seeds are of concepts: its generator must take them as they are")
    pictures = drawings(data, RUN_SEED, words, IMAGES)
    planted = find_network("emoji-planted", read_catalog()).load()
    assert isinstance(planted, PlantedNetwork)
    found = look(planted, pictures)
    tensors = {layer: values.view(len(words), IMAGES, -1).half().contiguous() for layer, values in found.items()}
    save_file(tensors, FOLDER / "activations.safetensors")
    save_sheet(pictures.permute(0, 2, 3, 1).numpy(), FOLDER / "pictures.jpg")
    bank: dict[str, Any] = {
        "generator": generator.name,
        **{setting: getattr(generator, setting) for setting in SETTINGS},
        "seeds": 'image_seed("bank", concept, index)',
        "run_seed": RUN_SEED,
        "images_per_concept": IMAGES,
        "layers": {"fc": "emoji-resnet18", "avgpool": "emoji-resnet18", "layer3": "emoji-resnet18"}
        | {"planted": "emoji-planted"},
        "weights": {name: weights_digest(ROOT / name) for name in ("emoji-resnet18", "emoji-planted")},
        "concepts": words,
    }
    identity = blake2b(json.dumps(bank, sort_keys=True).encode(), digest_size=6).hexdigest()
    text = json.dumps({"id": f"emoji-bank@{identity}"} | bank, indent=1)
    (FOLDER / "bank.json").write_text(text + "\n")
    save_file({"vectors": torch.from_numpy(embed(words))}, FOLDER / "vectors.safetensors")
    print(f"{len(words)} concepts, {len(pictures)} pictures")


def save_sheet(pictures: NDArray[np.uint8], path: Path) -> None:
    """One picture with a row of thumbnails for each concept; takes `uint8[concepts * IMAGES, size, size, 3]`."""
    small = np.stack([np.frombuffer(thumbnail(picture), np.uint8) for picture in pictures])
    tiles = small.reshape(-1, IMAGES, THUMBNAIL, THUMBNAIL, 3).swapaxes(1, 2)
    # Their side is a multiple of 8: no block of the JPEG has two of them.
    Image.fromarray(tiles.reshape(-1, IMAGES * THUMBNAIL, 3)).save(path, quality=QUALITY, subsampling=0)


@torch.inference_mode()
def look(model: PlantedNetwork, pictures: Tensor) -> dict[str, Tensor]:
    """Pooled activations of each layer, `float32[pictures, neurons]`, for `uint8[pictures, 3, size, size]`."""
    caught: dict[str, list[Tensor]] = {"fc": [], "avgpool": [], "layer3": [], "planted": []}

    def catch(layer: str) -> Any:
        def keep(_: Any, __: Any, output: Tensor) -> None:
            caught[layer].append(output.mean((2, 3)) if output.ndim == 4 else output)

        return keep

    modules = dict(model.network.named_modules()) | {"planted": model.planted}
    handles = [modules[layer].register_forward_hook(catch(layer)) for layer in caught]
    for batch in pictures.split(64):
        model(emoji_data.normalised(batch.float() / 255))
    for handle in handles:
        handle.remove()
    return {layer: torch.cat(parts) for layer, parts in caught.items()}


if __name__ == "__main__":
    main()
