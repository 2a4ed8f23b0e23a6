"""Help texts of the run screen: why a concept was proposed, and what each number means."""

from __future__ import annotations

from collections.abc import Iterator

from line_tui.explain.state import RunState, Trial, concept_of, verdict
from line_tui.tui import view
from line_tui.tui.formatting import METRICS, MOVES, ORIGINS, number
from line_tui.tui.session import Snapshot

HISTOGRAM = (
    "Histogram",
    "The columns count control pictures by activation. Below the axis, each ▲ is a picture of the concept; a digit is "
    "that many at one place, 9 for nine or more. The further right they are, the more the concept stands out.",
)
SCORES = (
    (
        "Activation",
        "The neuron's response to one picture, averaged over the layer's height and width if it has them. The bar "
        "under a picture compares it with all activations of this run.",
    ),
    (
        "AUC",
        "How often a picture of the concept drives the neuron more than a control picture does: 1 is always, 0.5 is "
        "chance. With few pictures it easily reaches 1.",
    ),
    ("MAD", "How far the concept's mean activation is above the control's, in standard deviations of the control."),
    (
        "Control",
        "The control set: a fixed set of pictures of everyday words, drawn once. What counts is how far a concept "
        "stands out from it.",
    ),
    HISTOGRAM,
)
"""Topics that the run screen and the result screen share."""


def why(state: RunState, trial: Trial) -> str:
    """Where a concept came from, and what became of it."""
    concept = concept_of(state, trial)
    if trial.based_on:
        shown = ", ".join(trial.based_on)
        text = f"“{concept}” came from the language model ({MOVES[trial.move]}) after it had seen {shown}."
    elif trial.origin == "vocabulary":
        text = f"“{concept}” is one of the control words whose pictures drive the neuron most."
    elif trial.origin == "random":
        text = f"“{concept}” is a control word picked at random, so that the search does not start one-sided."
    elif trial.origin == "user":
        text = f"You added “{concept}”."
    else:
        text = f"“{concept}” came from the {ORIGINS[trial.origin]}."
    if concept != trial.concept:
        text += f" It was “{trial.concept}” before you changed it."
    for decision in state.decisions:
        if decision.trial == trial.id and decision.reason:
            text += f" You said: {decision.reason}."
    if verdict(state, trial) == "rejected":
        return text + " It is rejected: it cannot become the label, and the language model is told so."
    if trial.score is None:
        return text + " It has no score yet."
    place = [row.trial.id for row in view.ranked(state) if row.place == "pool"]
    where = (
        f"number {place.index(trial.id) + 1} of {len(place)} in the pool" if trial.id in place else "out of the pool"
    )
    return f"{text} Its score is {number(view.value(state, trial))}: {where}."


def _loop(state: RunState, metric: str) -> str:
    """How the run's strategy searches."""
    images, iterations = state.spec.images, state.iterations
    match state.spec.strategy:
        case "published":
            return (
                "The search starts with ten words of the control set. In each iteration the language model sees the "
                f"pool and proposes a concept, the text-to-image model draws {images} pictures of it, the neuron is "
                f"measured on them, and the pool keeps the ten best concepts (score: {metric}). After {iterations} "
                "iterations and a summary, the best of the pool is the label. It is not measured again."
            )
        case "vocabulary":
            return (
                "No language model is used. The strongest words of the control set are drawn again on fresh pictures, "
                f"and the best of them is the label (score: {metric})."
            )
    return (
        "The search starts with the control set's strongest words, whose pictures are already there. In each of "
        f"{iterations} iterations the language model proposes a concept and a few pictures of it are drawn; concepts "
        "that may win get more. The leaders at the end, the finalists, are measured on fresh pictures. The reported "
        "score comes from 50 more, drawn for this purpose alone."
    )


def _of_the_pool(state: RunState) -> Iterator[tuple[str, str]]:
    yield (
        "Pool",
        "The concepts that may become the label, best first. Below are those that left the pool. n is the number of "
        "pictures behind a score, including those of the control set that show the word: a word of the bank has a "
        "score before the run draws anything.",
    )
    yield (
        "From",
        "Who proposed the concept. vocab and bank: the control set. llm: the language model. summary: the language "
        "model, from the best concepts. random: a random word. you: yourself.",
    )
    yield (
        "Verified",
        "The label's AUC with its 95% interval, on fresh pictures: drawn with seeds that the search never used.",
    )
    if state.run is None or state.spec.strategy != "published":
        yield (
            "Finalist",
            "One of the leading concepts at the end of the search. Finalists are compared on pictures with fresh "
            "seeds. Concepts that you accepted are always among them.",
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
        "Heat map",
        "h turns the pictures grey and lights up where the neuron fires. Only layers with a height and width have such"
        " a map.",
    )
