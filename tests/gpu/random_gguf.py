"""Language models of real sizes with random weights, as GGUF files, with the words of a file that has some."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UINT32, _FLOAT32, _TEXT, _LIST = 4, 6, 8, 9
_UNUSED = 5
"""Type of a token that stands for nothing."""
_ALIGNMENT = 32
_TILE = 4 << 20

# ggml's number of a type, numbers in a block, bytes of a block
F32, Q4_K, Q6_K = (0, 1, 4), (12, 256, 144), (14, 256, 210)


@dataclass(frozen=True)
class Shape:
    """Of a model of the Llama family."""

    blocks: int
    width: int
    inner: int
    heads: int
    groups: int
    """Heads of keys and values."""
    words: int


LLAMA_8B = Shape(blocks=32, width=4096, inner=14336, heads=32, groups=8, words=128256)
TINY = Shape(blocks=2, width=256, inner=512, heads=4, groups=2, words=49152)


def write(path: Path, shape: Shape, words: Path) -> None:
    """Write a model in about four bits a weight; `words` is a GGUF file, or its start, whose tokenizer is taken."""
    fields = {key: value for key, value in _read_fields(words) if key.startswith("tokenizer.")}
    fields["tokenizer.ggml.tokens"] = _padded(fields["tokenizer.ggml.tokens"], shape.words)
    fields["tokenizer.ggml.token_type"] = _padded(fields["tokenizer.ggml.token_type"], shape.words)
    fields.pop("tokenizer.ggml.scores", None)
    head = {
        "general.architecture": _text("llama"),
        "general.name": _text("random"),
        "llama.vocab_size": _number(shape.words),
        "llama.block_count": _number(shape.blocks),
        "llama.context_length": _number(8192),
        "llama.embedding_length": _number(shape.width),
        "llama.feed_forward_length": _number(shape.inner),
        "llama.attention.head_count": _number(shape.heads),
        "llama.attention.head_count_kv": _number(shape.groups),
        "llama.rope.dimension_count": _number(shape.width // shape.heads),
        "llama.rope.freq_base": struct.pack("<If", _FLOAT32, 500000.0),
        "llama.attention.layer_norm_rms_epsilon": struct.pack("<If", _FLOAT32, 1e-5),
    } | fields
    tensors = list(_tensors(shape))
    with path.open("wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(head)))
        for key, value in head.items():
            file.write(_string(key) + value)
        offset = 0
        for name, sides, kind in tensors:
            file.write(_string(name) + struct.pack(f"<I{len(sides)}QIQ", len(sides), *sides, kind[0], offset))
            offset += -(-_bytes(sides, kind) // _ALIGNMENT) * _ALIGNMENT
        random = np.random.default_rng(0)
        tiles = {kind: _tile(kind, random) for kind in (Q4_K, Q6_K)}
        for _, sides, kind in tensors:
            file.write(bytes(-file.tell() % _ALIGNMENT))
            _fill(file, _bytes(sides, kind), tiles.get(kind, np.ones(1, np.float32).view(np.uint8)))


def _tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...], tuple[int, int, int]]]:
    """Name, sides and type, mixed as llama.cpp's Q4_K_M mixes them."""
    wide, keys = shape.width, shape.width // shape.heads * shape.groups
    yield "token_embd.weight", (wide, shape.words), Q4_K
    yield "output_norm.weight", (wide,), F32
    yield "output.weight", (wide, shape.words), Q6_K
    for n in range(shape.blocks):
        finer = Q6_K if n % 2 else Q4_K
        yield f"blk.{n}.attn_norm.weight", (wide,), F32
        yield f"blk.{n}.attn_q.weight", (wide, wide), Q4_K
        yield f"blk.{n}.attn_k.weight", (wide, keys), Q4_K
        yield f"blk.{n}.attn_v.weight", (wide, keys), finer
        yield f"blk.{n}.attn_output.weight", (wide, wide), Q4_K
        yield f"blk.{n}.ffn_norm.weight", (wide,), F32
        yield f"blk.{n}.ffn_gate.weight", (wide, shape.inner), Q4_K
        yield f"blk.{n}.ffn_up.weight", (wide, shape.inner), Q4_K
        yield f"blk.{n}.ffn_down.weight", (shape.inner, wide), finer


def _bytes(sides: tuple[int, ...], kind: tuple[int, int, int]) -> int:
    return int(np.prod(sides)) // kind[1] * kind[2]


def _tile(kind: tuple[int, int, int], random: np.random.Generator) -> NDArray[np.uint8]:
    """Random blocks whose scales make weights of about .015 around 0."""
    blocks = random.integers(0, 256, (_TILE // kind[2], kind[2]), np.uint8)
    if kind == Q4_K:
        blocks[:, :4] = np.array([7.5e-5, 5.6e-4], np.float16).view(np.uint8)
    else:
        blocks[:, -2:] = np.array([1.1e-5], np.float16).view(np.uint8)
    return blocks.reshape(-1)


def _fill(file: BinaryIO, count: int, tile: NDArray[np.uint8]) -> None:
    whole, rest = divmod(count, len(tile))
    for _ in range(whole):
        file.write(tile.data)
    file.write(tile[:rest].data)


def _read_fields(path: Path) -> Iterator[tuple[str, bytes]]:
    """Key and encoded value, with its type, of each field."""
    with path.open("rb") as file:
        _, _, _, count = struct.unpack("<4sIQQ", file.read(24))
        for _ in range(count):
            key = file.read(struct.unpack("<Q", file.read(8))[0]).decode()
            start = file.tell()
            _skip(file, struct.unpack("<I", file.read(4))[0])
            end = file.tell()
            file.seek(start)
            yield key, file.read(end - start)


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _TEXT:
        file.seek(struct.unpack("<Q", file.read(8))[0], 1)
    elif kind == _LIST:
        inner, count = struct.unpack("<IQ", file.read(12))
        if inner in _WIDTHS:
            file.seek(count * _WIDTHS[inner], 1)
        else:
            for _ in range(count):
                _skip(file, inner)
    else:
        file.seek(_WIDTHS[kind], 1)


def _padded(value: bytes, length: int) -> bytes:
    """A list of texts or of 32-bit numbers, with unused ones at its end."""
    kind, inner, count = struct.unpack("<IIQ", value[:16])
    more = b""
    for n in range(count, length):
        more += _string(f"<|unused_{n}|>") if inner == _TEXT else struct.pack("<I", _UNUSED)
    return struct.pack("<IIQ", kind, inner, max(count, length)) + value[16:] + more


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _text(text: str) -> bytes:
    return struct.pack("<I", _TEXT) + _string(text)


def _number(number: int) -> bytes:
    return struct.pack("<II", _UINT32, number)
