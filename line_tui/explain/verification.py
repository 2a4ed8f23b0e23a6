"""The conclusion of a run: reports the chosen concepts on new pictures, and draws minimal pairs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from line_tui import events as e
from line_tui.explain.concept_selection import account
from line_tui.explain.control_analysis import ControlAnalysis
from line_tui.explain.intervals import verified_score
from line_tui.explain.minimal_pairs import SEEDS, variants
from line_tui.explain.ports import Floats, Gallery
from line_tui.explain.state import RunState, Trial
from line_tui.explain.steps import Draw, DrawVariant, Record, Step
from line_tui.explain.strategies import find
from line_tui.explain.word_similarity import Meaning

LISTED_WORDS = 6
"""Number of words named beside a concept, or as unexplained."""
MAX_P_VALUE = 0.02
"""p-value above which a neuron counts as having no concept."""
CHANCE_AUC = 0.5
"""AUC at chance; a label whose interval reaches it is refused."""


def conclude(
    state: RunState,
    gallery: Gallery,
    neuron: ControlAnalysis,
    meaning: Meaning,
    chosen: Sequence[Trial],
    p_value: float | None,
    pairs: bool,
) -> Step:
    """Report the set, or that there is none; draw its minimal pairs; finish."""
    images = max(1, find(state.spec.strategy).report_images // len(chosen))
    for trial in chosen:
        if step := report(trial, images):
            return step
    known = state.explanation
    if known is None or not known.final or [one.trial for one in known.concepts] != [trial.id for trial in chosen]:
        return Record(_reported(state, gallery, neuron, chosen, p_value))
    label = chosen[0]
    assert state.verified is not None
    if (reason := _why_nothing(label.concept, p_value, state.verified.score)) is not None:
        return nothing(reason)
    for trial in chosen if pairs else []:
        done = {pair.variant for pair in state.pairs if pair.concept == trial.concept}
        for variant, kind in variants(trial.concept, neuron.profile, meaning):
            if variant not in done:
                return DrawVariant(trial.id, variant, kind, list(range(min(SEEDS, images))))
    others = f", with {' and '.join(trial.concept for trial in chosen[1:])}" if len(chosen) > 1 else ""
    share = f"it accounts for {known.concepts[0].share:.0%} of the strong responses{others}"
    reason = f"{share}; {known.unexplained:.0%} is unexplained"
    return Record([e.Finished(label=label.concept, trial=label.id, reason=reason)])


def _why_nothing(concept: str, p_value: float | None, score: e.VerifiedScore) -> str | None:
    """Why the best concept cannot be a label; None if it can."""
    if p_value is not None and p_value > MAX_P_VALUE:
        return (
            f"of random directions of the layer, {p_value:.0%} are explained as well "
            f"as this neuron by its best concept, '{concept}'"
        )
    if score.ci_low <= CHANCE_AUC:
        return (
            f"fresh pictures of the best concept, '{concept}', do not drive the neuron "
            f"(AUC {score.auc:.2f}, interval from {score.ci_low:.2f})"
        )
    return None


def strongest(neuron: ControlAnalysis, responses: Floats) -> list[str]:
    """The words with the strongest responses, strongest first."""
    return [neuron.words[n] for n in np.argsort(-responses, kind="stable")[:LISTED_WORDS] if responses[n] > 0]


def nothing(reason: str) -> Record:
    """The result that there is no label."""
    return Record([e.Finished(label=None, trial=None, reason=reason)])


def report(trial: Trial, images: int) -> Draw | None:
    """The images still to be drawn for a trial's reported score."""
    missing = trial.missing(images, "report")
    return Draw(trial.id, missing, "report") if missing else None


def _reported(
    state: RunState, gallery: Gallery, neuron: ControlAnalysis, chosen: Sequence[Trial], p_value: float | None
) -> list[e.DurableEvent]:
    """The report: detectors made only from the new pictures, scored on the reporting half of the control set."""
    assert state.control is not None
    detections = [
        neuron.detection(
            trial.concept, gallery.features([image.image for image in trial.images_for("report")]), words=False
        )
        for trial in chosen
    ]
    half = ~neuron.choosing
    done = account(neuron.activations[half], [detection.shown[half] for detection in detections])
    scores = []
    for trial, detection in zip(chosen, detections, strict=True):
        low, high = neuron.interval(detection)
        score = verified_score(trial.activations("report"), state.control.flat)
        correlation = neuron.score(detection, reporting=True)
        low, high = min(low, correlation), max(high, correlation)
        scores.append(
            msgspec.structs.replace(score, correlation=correlation, correlation_low=low, correlation_high=high)
        )
    parts = [
        e.ConceptShare(trial=trial.id, concept=trial.concept, share=part, correlation=score.correlation or 0.0)
        for trial, part, score in zip(chosen, done.shares, scores, strict=True)
    ]
    events: list[e.DurableEvent] = [
        e.Verified(trial=chosen[0].id, concept=chosen[0].concept, score=scores[0]),
        e.Explained(
            concepts=parts,
            unexplained=done.unexplained,
            p_value=p_value,
            features=neuron.features_description,
            left=strongest(neuron, neuron.responses_left(done.left, half)),
            final=True,
        ),
    ]
    if _why_nothing(chosen[0].concept, p_value, scores[0]) is None:
        events += [
            e.SenseFound(
                label=trial.concept,
                trial=trial.id,
                concepts=list(dict.fromkeys([trial.concept, *neuron.words_like(detection, LISTED_WORDS)])),
                score=score,
                share=part.share,
            )
            for trial, detection, score, part in zip(chosen, detections, scores, parts, strict=True)
        ]
    return events
