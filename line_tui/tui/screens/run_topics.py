"""What the run screen means, in words: why this concept, and what each number is."""

from __future__ import annotations

from collections.abc import Iterator

from line_tui.explain.state import RunState, Trial, concept_of, verdict
from line_tui.tui import view
from line_tui.tui.session import Snapshot
from line_tui.tui.wording import MOVES, ORIGINS, number

SCORES = (
    (
        "Activation",
        "The neuron's answer to one picture, averaged over the layer's height and width where it has them. The bar "
        "under a picture compares it with all activations of this run.",
    ),
    (
        "AUC",
        "How often a picture of the concept drives the neuron more than a control picture: 1 always, 0.5 no better "
        "than chance. With few pictures it reaches 1 easily.",
    ),
    (
        "MAD",
        "How far the concept's mean activation is above the control's, in standard deviations of the control.",
    ),
    (
        "Control",
        "A fixed set of pictures of everyday words, drawn once. A concept counts only by how far it stands out.",
    ),
)


def why(state: RunState, trial: Trial) -> str:
    """Why a concept is in the run and how it stands."""
    concept = concept_of(state, trial)
    if trial.based_on:
        shown = ", ".join(trial.based_on)
        text = f"“{concept}” came from the language model ({MOVES[trial.move]}) after it had seen {shown}."
    elif trial.origin == "vocabulary":
        text = f"“{concept}” is one of the control words whose pictures drive the neuron most."
    elif trial.origin == "random":
        text = f"“{concept}” is a control word picked at random, so that the search does not begin one-sided."
    elif trial.origin == "user":
        text = f"“{concept}” is your own."
    else:
        text = f"“{concept}” came from the {ORIGINS[trial.origin]}."
    if concept != trial.concept:
        text += f" It was “{trial.concept}” before you changed it."
    for decision in state.decisions:
        if decision.trial == trial.id and decision.reason:
            text += f" You said: {decision.reason}."
    if verdict(state, trial) == "rejected":
        return text + " It is rejected: it cannot become the label, and the language model is told."
    if trial.score is None:
        return text + " It has no score yet."
    place = [row.trial.id for row in view.ranked(state) if row.place == "pool"]
    where = (
        f"number {place.index(trial.id) + 1} of {len(place)} in the pool" if trial.id in place else "out of the pool"
    )
    return f"{text} Its score is {number(view.value(state, trial))}: {where}."


def topics(snapshot: Snapshot, trial: Trial | None) -> Iterator[tuple[str, str]]:
    """Heading and text, the concept at hand first."""
    state = snapshot.state
    if trial is not None:
        yield "Why this concept", why(state, trial)
    if state.run is not None:
        metric = "mean activation" if state.spec.metric == "mean" else "AUC"
        yield (
            "The loop",
            f"The language model sees the pool and proposes a concept, the text-to-image model draws "
            f"{state.spec.images} pictures of it, the neuron is measured on them, and the pool keeps what scores best "
            f"(score: {metric}). After {state.iterations} iterations the best of the pool is the label.",
        )
    yield (
        "Signs",
        "? waits for you · ▸ being drawn · ✓ accepted · ★ pinned · ✗ rejected · ○ left the pool · ▲ new best",
    )
    yield from SCORES
    yield (
        "Heat map",
        "With h the pictures turn grey and light up where the neuron fires. Only layers with a height and width "
        "have such a map.",
    )
