"""The help of the first screen: what its lists show."""

from __future__ import annotations

from collections.abc import Iterator

from line_tui.tui.screens.run_help import HISTOGRAM


def topics() -> Iterator[tuple[str, str]]:
    """Heading and text."""
    yield (
        "Choosing",
        "A vision model is a stack of layers, and a layer is a row of neurons. Enter or → goes right, / filters the "
        "focused list, and Enter on a neuron explains it.",
    )
    yield (
        "Neuron",
        "One channel of a layer's output. In a layer with height and width its activation is averaged over the "
        "picture; in a transformer it is the class token's.",
    )
    yield (
        "Best in bank",
        "If a bank of pictures has been drawn: the everyday word that drives the neuron most, and its MAD, which is "
        "high for a selective neuron. This word is a starting point, not a label. A dead neuron gave 0 on every "
        "picture, a constant one always the same value. o sorts.",
    )
    yield (
        "Label found",
        "The label of the neuron's last finished run. Its score is the AUC on fresh pictures if it was verified, "
        "otherwise the score that the run maximised.",
    )
    yield HISTOGRAM
    yield (
        "Several neurons",
        "Space marks a neuron, A marks all unexplained neurons in the list, and G explains the marked ones in the "
        "background. Several run at once and share batches. w shows one of them, and u goes to the next unexplained "
        "neuron. If you stop one, the whole queue stops and is put on hold: G resumes it, C empties it.",
    )
    yield (
        "Plan",
        "Which models to use, how to search, and how many pictures to spend. The line that starts with $ is the same "
        "run without the app.",
    )
