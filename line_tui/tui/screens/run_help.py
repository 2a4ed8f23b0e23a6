"""The help of the run screen: why this concept was proposed, and what each number means."""

from __future__ import annotations

from collections.abc import Iterator

from line_tui.explain.state import RunState, Trial, concept_of, verdict
from line_tui.tui import view
from line_tui.tui.formatting import METRICS, MOVES, ORIGINS, number
from line_tui.tui.session import Snapshot

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
    """Why a concept is in the run, and its state."""
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


def _loop(state: RunState, metric: str) -> str:
    """How the run's strategy works."""
    images, iterations = state.spec.images, state.iterations
    match state.spec.strategy:
        case "published":
            return (
                "Ten words of the control set begin. Then the language model sees the pool and proposes a concept, the "
                f"text-to-image model draws {images} pictures of it, the neuron is measured on them, and the pool "
                f"keeps the ten that score best (score: {metric}). After {iterations} iterations and a summary the "
                "best of the pool is the label. Nothing measures it again."
            )
        case "vocabulary":
            return (
                "No language model takes part: the strongest words of the control set are drawn on fresh pictures, and "
                f"the best of them is the label (score: {metric})."
            )
    return (
        "The control set's strongest words begin: their pictures are there already. In each iteration the language "
        "model proposes a concept, a few pictures are drawn of it, and more of those that may win. What leads in the "
        "end, the finalists, are measured on fresh pictures, and the result is reported from 50 more, drawn for that "
        f"alone. There are {iterations} iterations."
    )


def _of_the_pool(state: RunState) -> Iterator[tuple[str, str]]:
    yield (
        "Pool",
        "The concepts that may become the label, best first; what left it stands below. n is how many pictures a score "
        "rests on, those of the control set that show the word included: a word of the bank has a score before the run "
        "has drawn anything.",
    )
    yield (
        "From",
        "Who proposed it: vocab and bank are words of the control set, llm the language model, summary its last word "
        "on the best, random a word by chance, you yourself.",
    )
    if state.run is None or state.spec.strategy != "published":
        yield (
            "Finalist",
            "One of the concepts that lead at the end of the search. Finalists are compared on pictures of fresh seeds "
            "that the search has not seen; what you accepted is always one of them.",
        )


def topics(snapshot: Snapshot, trial: Trial | None) -> Iterator[tuple[str, str]]:
    """Heading and text of each topic, the current concept first."""
    state = snapshot.state
    if trial is not None:
        yield "Why this concept", why(state, trial)
    if state.run is not None:
        yield "The loop", _loop(state, METRICS[state.spec.metric])
    yield from _of_the_pool(state)
    yield (
        "Signs",
        "? waits for you · ▸ being drawn · ✓ accepted · ★ pinned · ✗ rejected · ○ left the pool · ▲ new best",
    )
    yield from SCORES
    yield (
        "Histogram",
        "Columns are the control's pictures by activation. Below the axis each ▲ is one picture of the concept, and a "
        "digit is so many at one place, 9 for nine or more. The further right of the columns, the more it stands out.",
    )
    yield (
        "Heat map",
        "With h the pictures turn grey and light up where the neuron fires. Only layers with a height and width "
        "have such a map.",
    )
