"""The latent of every picture: 512 whitened principal components of the premultiplied RGBA pixels.

python models/make_emoji_latents.py --data DIR

Two minutes on one core. Writes `latents.npz` into the folder of the pictures.
"""

import numpy as np
import torch
from emoji_data import asked

LATENT = 512


def main() -> None:
    """The command line."""
    [data] = asked(__doc__)
    pictures = torch.from_numpy(np.load(data / "pictures.npz")["pictures"])
    flat = pictures.float().div_(255)
    flat[..., :3] *= flat[..., 3:]
    flat = flat.flatten(1)
    flat -= flat.mean(0)
    values, vectors = torch.linalg.eigh(flat @ flat.T)
    values, vectors = values.flip(0)[:LATENT], vectors.flip(1)[:, :LATENT]
    std = (values / len(flat)).sqrt()
    # The rows of the left singular vectors are the whitened latents but for a factor.
    latents = vectors * len(flat) ** 0.5
    np.savez(data / "latents.npz", latents=latents.numpy().astype(np.float16), std=std.numpy())
    print(f"variance kept: {values.sum() / flat.square().sum():.3f}")


if __name__ == "__main__":
    main()
