"""The emoji pictures in one compact file, for machines that cannot build them: WebP each, one after the other.

    python models/emoji_pictures.py PICTURES.npz PACKED.npz

Needs numpy and Pillow alone. Colours may be off by a little (quality 95), alpha is exact.
"""

import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Arrays = tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.int8]]


def pack(pictures: NDArray[np.uint8], label: NDArray[np.int16], style: NDArray[np.int8], path: Path) -> None:
    """Write `uint8[n, size, size, 4]` and what `read` gives back beside it."""
    coded = [encoded(picture) for picture in pictures]
    ends = np.cumsum([len(code) for code in coded])
    np.savez(path, webp=np.frombuffer(b"".join(coded), np.uint8), ends=ends, label=label, style=style)


def read(path: Path) -> Arrays:
    """Pictures `uint8[n, size, size, 4]`, label `int16[n]` and style `int8[n]` of a packed file."""
    with np.load(path) as arrays:
        data, ends = arrays["webp"].tobytes(), arrays["ends"].tolist()
        label, style = arrays["label"], arrays["style"]
    files = (data[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True))
    pictures = [np.asarray(Image.open(io.BytesIO(file)).convert("RGBA")) for file in files]
    return np.stack(pictures), label, style


def encoded(picture: NDArray[np.uint8]) -> bytes:
    """The smaller of a lossless and a lossy WebP file."""
    image, files = Image.fromarray(picture), []
    for options in ({"lossless": True, "quality": 90}, {"quality": 95, "alpha_quality": 100}):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", method=4, **options)
        files.append(buffer.getvalue())
    return min(files, key=len)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    with np.load(source) as built:
        pack(built["pictures"], built["label"], built["style"], target)
