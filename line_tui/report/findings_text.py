"""States a run's findings in sentences built from its numbers, for the screen and the page."""

from __future__ import annotations

from collections.abc import Sequence

from line_tui import events as e
from line_tui.explain.state import RunState, concept_of, verdict
from line_tui.plural import counted

STRONGEST = 20
"""Number of strongest control pictures to consider."""
LITTLE = 1 / 3
"""Share of the strong responses below which a label counts as too narrow."""
MAX_P_VALUE = 0.05
_NAMED = 4


def argument(state: RunState) -> list[str]:
    """What the neuron responds to, how much that explains, what is left, how certain it is, what would change it.

    One or two sentences each. Unmeasured values are left out or marked as such. Empty before the first score.
    """
    label = _label(state)
    if label is None:
        return [*_none(state), *_strongest_show(state)] if state.outcome is not None else []
    sure = [*_how_sure(state), *_change(state, label)]
    return [*_at_a_glance(state), _what(state, label), *_how_much(state, label), *_left(state), *sure]


def narrow(state: RunState) -> bool:
    """Whether the label's share is so small that it is probably too narrow."""
    return bool(state.explanation and state.explanation.concepts and state.explanation.concepts[0].share < LITTLE)


def _label(state: RunState) -> str | None:
    if state.outcome is not None:
        return state.outcome.label
    return state.verified.concept if state.verified is not None else None


def _at_a_glance(state: RunState) -> list[str]:
    if state.spec.strategy != "quick":
        return []
    images = sum(len(trial.images) for trial in state.trials.values())
    return [f"A quick look with {counted(images, 'picture')}, a tenth of a full run: everything below is less certain."]


def _what(state: RunState, label: str) -> str:
    others = [one.concept for one in _concepts(state) if one.concept != label]
    also = f", and also to {_listed(others)}" if others else ""
    start = "This neuron responds to" if state.outcome is not None else "So far, this neuron responds to"
    return f"{start} “{label}”{also}."


def _none(state: RunState) -> list[str]:
    assert state.outcome is not None
    sentences = [f"No concept that was tried accounts for this neuron: {state.outcome.reason}."]
    if state.explanation is not None and state.explanation.p_value is not None:
        sentences.append(
            f"Of random directions of the layer, {percent(state.explanation.p_value)} do as well or better."
        )
    return sentences


def _how_much(state: RunState, label: str) -> list[str]:
    explained = state.explanation
    if explained is None or not explained.concepts:
        return [" ".join(["How much of the neuron this accounts for was not measured.", *_strongest_show(state)])]
    first, *more = explained.concepts
    text = f"“{first.concept}” accounts for {percent(first.share)} of the strong responses"
    for one in more:
        text += f", “{one.concept}” for {percent(one.share)} more"
    text += f"; nothing that was tried accounts for the other {percent(explained.unexplained)}."
    if narrow(state):
        text += " This is little: the label is probably too narrow, or one of several."
    return [text]


def _left(state: RunState) -> list[str]:
    left = _words_left(state)
    if not left:
        return []
    words = _strongest(state)
    among = sum(word in left for word in words)
    counted = f"; they are {among} of its {len(words)} strongest" if words else ""
    return [f"Pictures of {_listed(left)} drive the neuron more than that accounts for{counted}."]


def _strongest_show(state: RunState) -> list[str]:
    words = _strongest(state)
    return [f"Its {len(words)} strongest control pictures show {_listed(list(dict.fromkeys(words)))}."] if words else []


def _how_sure(state: RunState) -> list[str]:
    if state.verified is None:
        return [
            "Its score comes from pictures that also guided the search: it is the highest of many scores, and too high."
        ]
    score = state.verified.score
    interval = f"95% interval {percent(score.ci_low)} to {percent(score.ci_high)}"
    text = (
        f"A picture of “{state.verified.concept}” drives the neuron more than a control picture in "
        f"{percent(score.auc)} of cases ({interval}, on {counted(score.images, 'picture')} drawn for this alone)"
    )
    if score.correlation is not None:
        text += f"; how much a picture shows it correlates with the neuron at {score.correlation:.2f}"
        if score.correlation_low is not None and score.correlation_high is not None:
            text += f" ({score.correlation_low:.2f} to {score.correlation_high:.2f})"
    text += "."
    explained = state.explanation
    if explained is not None and explained.p_value is not None:
        text += f" Of random directions of the layer, {percent(explained.p_value)} do as well."
    return [text]


def _change(state: RunState, label: str) -> list[str]:
    conditions = []
    rivals = _rivals(state, label)
    if rivals:
        conditions.append(f"{_listed(rivals)} {'does' if len(rivals) == 1 else 'do'} as well within the interval")
    explained = state.explanation
    left = _words_left(state)
    if explained is not None and left and explained.unexplained > LITTLE:
        conditions.append(f"a concept that also covers {_listed(left[:3])} would replace it")
    if explained is not None and explained.p_value is not None and explained.p_value > MAX_P_VALUE:
        conditions.append("random directions do as well too often to rule out chance")
    if state.verified is None:
        conditions.append("fresh pictures may score lower")
    return [f"What would change this: {'; '.join(conditions)}."] if conditions else []


def _rivals(state: RunState, label: str) -> list[str]:
    """Other concepts whose two-sided score is within the label's interval."""
    low = state.verified.score.correlation_low if state.verified is not None else None
    if low is None:
        return []
    explained = {label, *(one.concept for one in _concepts(state))}
    rivals = []
    for trial in state.trials.values():
        score = trial.score.correlation if trial.score is not None else None
        concept = concept_of(state, trial)
        if score is not None and score >= low and concept not in explained and verdict(state, trial) != "rejected":
            rivals.append((score, concept))
    return [concept for _, concept in sorted(rivals, reverse=True)][:2]


def _concepts(state: RunState) -> Sequence[e.ConceptShare]:
    return state.explanation.concepts if state.explanation is not None else ()


def _words_left(state: RunState) -> list[str]:
    """The words of the unexplained pictures, except the explanation's own, some of whose pictures may be among them."""
    explained = {one.concept for one in _concepts(state)}
    return [word for word in state.explanation.left if word not in explained] if state.explanation is not None else []


def _strongest(state: RunState) -> list[str]:
    """The prompts of the strongest control pictures, strongest first."""
    if state.control is None or state.control.reference_activations:
        return []
    pictures = [
        (activation, word)
        for word, row in zip(state.control.concepts, state.control.activations, strict=True)
        for activation in row
    ]
    return [word for _, word in sorted(pictures, key=lambda picture: -picture[0])[:STRONGEST]]


def _listed(words: Sequence[str]) -> str:
    shown = [f"“{word}”" for word in words[:_NAMED]]
    if len(words) > _NAMED:
        return f"{', '.join(shown)} and {len(words) - _NAMED} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def percent(share: float) -> str:
    """A share as a readable percentage."""
    # Rounding must not give 0% or 100%.
    if 0 < share < 0.01:
        return "less than 1%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{share:.0%}"
