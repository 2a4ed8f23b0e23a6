"""The parts of the adaptive method that the bench switches off, one at a time, to see whether each earns its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """All on, as a user gets them."""

    bank: bool = True
    """Start from the bank words that the neuron answers to."""
    lexicon: bool = True
    """Draw words of the embedder's vocabulary that the bank's responses point at."""
    language: bool = True
    """Ask the language model."""
    summary: bool = True
    """End the search with a summary of the best."""
    dedupe: bool = True
    """Refuse replies that mean the same as what was tried."""
    racing: bool = True
    """Give more images to those that may still be the best."""
    fresh: bool = True
    """Choose among the finalists on images of fresh seeds."""
    breadth: bool = True
    """Among finalists that cannot be told apart, take the one that accounts for most of the bank's responses."""
    senses: bool = True
    """Search on for further senses and verify each."""
    pairs: bool = True
    """Compare label and senses with less of themselves."""
