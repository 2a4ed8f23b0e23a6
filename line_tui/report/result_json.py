"""The result of a run as one JSON object: what `line-tui explain --json` prints. A public interface.

Fields are only ever added within a `schema_version`; null means "not known" or "not measured".

    schema_version  1
    run_id, model, layer, neuron, pooling, profile, strategy, seed
    name            what the model calls the neuron; null where it has no name for it, or in older runs
    control         folder of the user's own pictures that were the control set; null for generated ones
    bank            {id (changes with any picture of it), concepts, missing (concepts that are not drawn yet)} of the
                    run's control set; null before it is measured
    status          finished, stopped, failed or running
    label           the concept that explains the neuron best; null when there is none (yet)
    reason          why this label, or why none
    score           of the label, null without one:
                    metric (mean, auc or correlation: what it raised), value (in that metric), auc, mad (against its
                    control set, which is of generated images where `control` is null: not CoSy's numbers), images
                    (how many the score rests on), verified (whether these images were drawn for the score alone), and
                    for a verified score ci_low, ci_high (95 %, of auc), p_value, and correlation (the two-sided score:
                    how well the concept predicts the neuron) with correlation_low and correlation_high (95 %)
    explanation     the smallest set of concepts that accounts for the neuron, null where none was looked for:
                    {concepts [{concept, share, correlation}] (share of the neuron's strong responses beyond the
                    concepts before it), unexplained (the share that is left), p_value (share of random directions of
                    the layer for which a word does as well, null where it is not known), features (the activations
                    that the concept detectors read), left (what the strongest unexplained control pictures were drawn
                    from), final (whether it was measured on pictures that had no part in choosing it)}
    judgement       what the person said of the label: right, too narrow, wrong; null without
    decisions       what the person decided and did not take back, oldest first: [{kind, concept, reason}]
    senses          the concepts of the final explanation: [{label, concepts, share, coverage (its older name), auc,
                    mad, images, ci_low, ci_high, p_value, correlation, correlation_low, correlation_high}]
    minimal_pairs   [{concept, variant, kind, lost, p_value, told_apart, before: [{path, activation}], after: the same}]
                    kind: swap or drop (the empty variant is the empty prompt); lost: share of the activation above the
                    control that is gone; told_apart: how well the layer's other neurons tell before from after, chance
                    being .5, null where there are too few of them
    trials          in the order in which they came in: [{concept, origin, iteration, score, auc, mad, correlation,
                    detected, verdict, images: [{path, seed, prompt, activation, purpose}]}]
                    correlation: two-sided score; detected: AUC of its detector on its own held-out pictures;
                    origin: vocabulary, random, llm, summary, user or bank; score in the run's metric, null when the
                    trial was never drawn; verdict: open, accepted or rejected
    cost            llm_calls, prompt_tokens, evaluated_tokens (prompt tokens that were not reused), completion_tokens,
                    images (of all trials), images_drawn (those that were not on disk already), control_images
                    (drawn for the control set), seconds {load, llm, control, generate, score, total}
    settings        batch_size, threads, device, generator, language, vision, prompt_template, steps, guidance,
                    image_size, memory (where the models were: resident, swap or cpu-llm), gpu_layers (of the language
                    model, -1 for all), bit_identical
"""

from __future__ import annotations

from typing import Any

import msgspec

from line_tui import events as e
from line_tui.explain.state import (
    Control,
    RunState,
    Trial,
    concept_of,
    kept_pairs,
    kept_senses,
    standing,
    value,
    verdict,
)

SCHEMA_VERSION = 1
_OF_INTERVALS = ("ci_low", "ci_high", "p_value", "correlation", "correlation_low", "correlation_high")


def result(state: RunState, total_seconds: float) -> dict[str, Any]:
    """The object for a run that has its first event; `total_seconds` is the time worked on it, over all sessions.

    Raises ValueError for a run without its first event.
    """
    if state.run is None or state.settings is None:
        raise ValueError("the run has no first event")
    spec = state.spec
    settings = msgspec.to_builtins(state.settings)
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": state.run.run_id,
        "model": spec.model,
        "layer": spec.layer,
        "neuron": spec.neuron,
        "name": state.run.name or None,
        "pooling": settings.pop("pooling"),
        "profile": spec.profile,
        "strategy": spec.strategy,
        "seed": spec.seed,
        "control": spec.control,
        "bank": _bank(state.control),
        "status": state.status,
        "label": state.outcome.label if state.outcome else None,
        "reason": state.outcome.reason if state.outcome else None,
        "score": _label_score(state),
        "explanation": _explanation(state.explanation),
        "judgement": state.judged.judgement if state.judged else None,
        "decisions": [_decision(state, decision) for decision in standing(state)],
        "senses": [_sense(sense) for sense in kept_senses(state)],
        "minimal_pairs": [_pair(pair) for pair in kept_pairs(state)],
        "trials": [_trial(state, trial) for trial in state.trials.values()],
        "cost": _cost(state, total_seconds),
        "settings": settings,
    }


def _label_score(state: RunState) -> dict[str, Any] | None:
    trial = state.trials.get(state.outcome.trial or "") if state.outcome else None
    if trial is None:
        return None
    metric = state.spec.metric
    verified = state.verified
    if verified is not None and verified.trial == trial.id:
        score = verified.score
        return {"metric": metric, "value": value(score, metric), "verified": True} | _interval(score)
    if trial.score is None:
        return None
    return {
        "metric": metric,
        "value": value(trial.score, metric),
        "verified": False,
        "auc": trial.score.auc,
        "mad": trial.score.mad,
        "images": trial.score.images,
    } | dict.fromkeys(_OF_INTERVALS)


def _interval(score: e.VerifiedScore) -> dict[str, Any]:
    return {key: getattr(score, key) for key in ("auc", "mad", "images", *_OF_INTERVALS)}


def _explanation(explained: e.Explained | None) -> dict[str, Any] | None:
    if explained is None:
        return None
    found: dict[str, Any] = msgspec.to_builtins(explained)
    del found["type"]
    for concept in found["concepts"]:
        del concept["trial"]
    return found


def _decision(state: RunState, decision: e.Decided) -> dict[str, Any]:
    trial = state.trials.get(decision.trial or "")
    concept = decision.concept or (concept_of(state, trial) if trial else None)
    return {"kind": decision.kind, "concept": concept, "reason": decision.reason or None}


def _sense(sense: e.SenseFound) -> dict[str, Any]:
    score = dict.fromkeys(("auc", "mad", "images", *_OF_INTERVALS))
    if sense.score is not None:
        score |= _interval(sense.score)
    return {"label": sense.label, "concepts": sense.concepts, "share": sense.share, "coverage": sense.share} | score


def _pair(pair: e.MinimalPairMeasured) -> dict[str, Any]:
    def side(images: list[e.PairSide]) -> list[dict[str, Any]]:
        return [{"path": one.image.path, "activation": one.activation} for one in images]

    return {
        "concept": pair.concept,
        "variant": pair.variant,
        "kind": pair.kind,
        "lost": pair.lost,
        "p_value": pair.p_value,
        "told_apart": pair.told_apart,
        "before": side(pair.before),
        "after": side(pair.after),
    }


def _trial(state: RunState, trial: Trial) -> dict[str, Any]:
    return {
        "concept": concept_of(state, trial),
        "origin": trial.origin,
        "iteration": trial.iteration,
        "score": value(trial.score, state.spec.metric) if trial.score else None,
        "auc": trial.score.auc if trial.score else None,
        "mad": trial.score.mad if trial.score else None,
        "correlation": trial.score.correlation if trial.score else None,
        "detected": trial.score.detected if trial.score else None,
        "verdict": verdict(state, trial),
        "images": [
            {
                "path": image.image.path,
                "seed": image.image.seed,
                "prompt": image.image.prompt,
                "activation": image.activation,
                "purpose": image.purpose,
            }
            for image in trial.images
        ],
    }


def _bank(control: Control | None) -> dict[str, Any] | None:
    if control is None:
        return None
    return {"id": control.bank_id, "concepts": len(control.concepts), "missing": control.missing}


def _cost(state: RunState, total_seconds: float) -> dict[str, Any]:
    images = [image for trial in state.trials.values() for image in trial.images]
    return {
        "llm_calls": state.calls,
        "prompt_tokens": state.language.prompt_tokens,
        "evaluated_tokens": state.language.evaluated_tokens,
        "completion_tokens": state.language.completion_tokens,
        "images": len(images),
        "images_drawn": sum(not image.cached for image in images),
        "control_images": state.control_images,
        "seconds": {
            "load": state.load_seconds,
            "llm": state.language.seconds,
            "control": state.control_seconds,
            "generate": sum(image.draw_seconds for image in images),
            "score": sum(image.look_seconds for image in images),
            "total": total_seconds,
        },
    }
