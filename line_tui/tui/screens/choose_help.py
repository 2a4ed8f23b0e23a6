"""The help of the first screen: what its lists show."""

from __future__ import annotations

from collections.abc import Iterator


def topics() -> Iterator[tuple[str, str]]:
    """Heading and text."""
    yield (
        "Choosing",
        "A vision model is a stack of layers, a layer is a row of neurons. Go right with Enter or →, filter the "
        "list you are in with /, and press Enter on a neuron to explain it.",
    )
    yield (
        "Neuron",
        "One channel of a layer's output. In a layer with height and width its activation is averaged over the "
        "picture; in a transformer it is the class token's.",
    )
    yield (
        "Best in bank",
        "Where a bank of pictures was drawn before: the everyday word that drives the neuron most, and its MAD, which "
        "tells a selective neuron from one that answers to much. Such a word is a start, not yet a label. A dead "
        "neuron gave 0 on every picture, a constant one always the same. o sorts.",
    )
    yield (
        "Several neurons",
        "Space marks a neuron, A all of the list that no run has explained yet, and G explains the marked ones, "
        "several at once so that they share batches, while you look at something else. w watches one of them, and u "
        "goes to the next unexplained neuron. Stopping one that you watch stops and holds the queue: G goes on with "
        "it, C takes it back.",
    )
    yield (
        "Plan",
        "Which models take part, how the search goes, and how much it may cost. The line that begins with $ does "
        "the same without the app.",
    )
