"""Seeds that are the same in every process, unlike Python's salted `hash`."""

from __future__ import annotations

from hashlib import blake2b


def derive(*parts: int | str) -> int:
    """Derive a 63-bit seed from any parts; the same parts always give the same seed."""
    # Each part is prefixed with its length, so that ("ab", "c") and ("a", "bc") give different seeds.
    text = "".join(f"{len(str(part))}:{part}" for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def image_seed(run_seed: int | str, concept: str, index: int) -> int:
    """Seed of a concept's image number `index`."""
    return derive("image", run_seed, concept, index)


def proposal_seed(run_seed: int, iteration: int, attempt: int) -> int:
    """Seed of one call of the language model: 31 bits, as llama.cpp expects."""
    return derive("proposal", run_seed, iteration, attempt) >> 32
