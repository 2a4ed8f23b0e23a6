"""Put into one folder all that `train_emoji_world.py` needs on a machine that has nothing of ours.

python models/pack_emoji_training.py --data DIR --out DIR

Two minutes on one core. `out` then holds code and data; run `train_emoji_world.py --data .` in it.
"""

import json
import shutil

import numpy as np
import torch
from emoji_data import ROOT, asked
from safetensors.torch import save_file

from line_tui.worlds.minilm import load_minilm

SCRIPTS = (
    "train_emoji_world.py", "emoji_compositions.py", "emoji_data.py", "emoji_pictures.py", "emoji_units.py",
    "emoji_taxonomy.json",
)  # fmt: skip
MODULES = ("compose.py", "networks.py")
DATA = ("pictures-packed.npz", "latents.npz", "labels.json", "captions.npz")


def main() -> None:
    """The command line."""
    data, out = asked(__doc__, "out")
    package = out / "line_tui" / "worlds" / "emoji"
    package.mkdir(parents=True, exist_ok=True)
    for folder in (package, package.parent, package.parent.parent):
        (folder / "__init__.py").write_text("")
    for name in MODULES:
        shutil.copy(ROOT.parent / "line_tui" / "worlds" / "emoji" / name, package)
    for name in SCRIPTS:
        shutil.copy(ROOT / name, out)
    for name in DATA:
        shutil.copy(data / name, out)
    _, model = load_minilm()
    vocabulary = torch.from_numpy(np.load(data / "captions.npz")["vocabulary"])
    state = {name: value for name, value in model.state_dict().items() if not name.startswith("pooler")}
    name = "embeddings.word_embeddings.weight"
    state[name] = state[name][vocabulary]
    weights = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in state.items()}
    save_file(weights, out / "minilm.safetensors")
    keys: tuple[str, ...] = (
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "hidden_act",
    )
    keys += ("max_position_embeddings", "type_vocab_size", "layer_norm_eps")
    config = {key: getattr(model.config, key) for key in keys} | {"vocab_size": len(vocabulary), "pad_token_id": 0}
    (out / "minilm.json").write_text(json.dumps(config))


if __name__ == "__main__":
    main()
