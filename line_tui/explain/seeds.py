"""Seeds that are the same in every process (Python's `hash` is salted per process)."""

from __future__ import annotations

from hashlib import blake2b


def derive(*parts: int | str) -> int:
    """Derive a 63-bit seed from any parts; the same parts always give the same seed."""
    # Each part carries its length, so that ("ab", "c") and ("a", "bc") are different seeds.
    text = "".join(f"{len(str(part))}:{part}" for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def image_seed(run_seed: int | str, concept: str, index: int) -> int:
    """Seed of the image number `index` that is drawn for a concept."""
    return derive("image", run_seed, concept, index)


def proposal_seed(run_seed: int, iteration: int, attempt: int) -> int:
    """Seed of one call of the language model, 31 bits wide as llama.cpp takes it."""
    return derive("proposal", run_seed, iteration, attempt) >> 32
