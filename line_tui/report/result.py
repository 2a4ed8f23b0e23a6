"""The result of a run: what `line-tui explain --json` prints and `line_tui.explain` returns. A public interface.

Fields are only ever added within a `schema_version`; null means "not known" or "not measured". `line-tui schema
explain` prints the JSON Schema.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from line_tui import events as e
from line_tui.decodable import decodable
from line_tui.explain.decisions import Verdict
from line_tui.explain.state import Control, RunState, Status, Trial, concept_of, kept_pairs, kept_senses, value, verdict

SCHEMA_VERSION = 1


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """The control set of generated pictures."""

    id: str
    """A hash; it changes if any of the pictures changes."""
    concepts: int
    """Number of concepts in the control set."""
    missing: int
    """Number of vocabulary concepts that have not been drawn yet."""


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of the label."""

    metric: e.Metric
    """The metric that the search maximised."""
    value: float
    """The label's score in that metric."""
    verified: bool
    """Whether the images were drawn only for this score. If not, they also guided the search, and the score is biased
    upwards."""
    auc: float
    """Probability that an image of the label drives the neuron more than an image of the control set."""
    mad: float
    """Difference of the means in standard deviations of the control set. If the run's `control` is null, the control
    set is generated images: such scores cannot be compared with CoSy's."""
    images: int
    """The number of images behind the score."""
    ci_low: float | None = None
    """Lower end of the 95% interval of `auc`; null if the score is not verified, like all fields below."""
    ci_high: float | None = None
    """Upper end of the 95% interval of `auc`."""
    p_value: float | None = None
    """One-sided p-value of a Mann-Whitney test: do the label's images drive the neuron more than the control set?"""
    correlation: float | None = None
    """Two-sided score, -1 to 1: how well the label predicts the neuron's strong responses."""
    correlation_low: float | None = None
    """Lower end of the 95% interval of `correlation`."""
    correlation_high: float | None = None
    """Upper end of the 95% interval of `correlation`."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One concept of an explanation."""

    concept: str
    share: float
    """Share of the neuron's strong responses that it accounts for beyond the concepts before it."""
    correlation: float
    """Two-sided score of the concept alone."""


@decodable
class Accounted(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest set of concepts that accounts for the neuron."""

    concepts: list[Share]
    """The concepts in the order in which they were chosen; empty if none does better than chance."""
    unexplained: float
    """Share of the neuron's strong responses that no concept of the set accounts for."""
    p_value: float | None
    """Share of random directions of the layer that some word explains as well; null if unknown."""
    features: str
    """The activations that the concept detectors read, such as "512 neurons of avgpool"."""
    left: list[str]
    """Prompts of the unexplained control pictures with the strongest activations."""
    final: bool
    """Whether the shares were measured on pictures that were not used to choose the concepts."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of the user."""

    kind: e.DecisionKind
    concept: str | None
    reason: str | None


@decodable
class Sense(msgspec.Struct, frozen=True, kw_only=True):
    """One meaning of the neuron, with its own score: see the fields of the same name in `LabelScore`."""

    label: str
    concepts: list[str]
    """Proposed concepts with this meaning."""
    share: float | None
    """Share of the neuron's strong responses that it accounts for; null if not measured."""
    coverage: float | None
    """Older name of `share`."""
    auc: float | None = None
    mad: float | None = None
    images: int | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    correlation: float | None = None
    correlation_low: float | None = None
    correlation_high: float | None = None


class PairImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a minimal pair."""

    path: str
    activation: float


class MinimalPair(msgspec.Struct, frozen=True, kw_only=True):
    """Images of the label, and of the label with one word changed or dropped, drawn with the same seeds."""

    concept: str
    """The label."""
    variant: str
    """The changed label; empty if its only word was dropped."""
    kind: Literal["swap", "drop"]
    """Whether a word was changed (`swap`) or dropped (`drop`)."""
    relative_drop: float = msgspec.field(name="lost")
    """Drop of the mean activation from `before` to `after`, as a share of what `before` is above the control mean."""
    p_value: float
    """One-sided p-value of the drop, by random sign flips."""
    discriminability: float | None = msgspec.field(name="told_apart")
    """Share of the images that the layer's other neurons assign to the right side, 0.5 by chance; null if there are too
    few neurons."""
    before: list[PairImage]
    """Images of the label."""
    after: list[PairImage]
    """Images of the changed label."""


class TrialImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a trial."""

    path: str
    seed: int
    prompt: str
    activation: float
    purpose: e.Purpose


class TrialResult(msgspec.Struct, frozen=True, kw_only=True):
    """A concept that entered the run."""

    concept: str
    origin: e.Origin
    iteration: int
    score: float | None
    """Score in the run's metric; null if the concept was not scored, like the four fields below."""
    auc: float | None
    mad: float | None
    correlation: float | None
    """Two-sided score."""
    detected: float | None
    """AUC of the concept's detector on held-out images; low if the generator cannot draw the concept."""
    verdict: Verdict
    images: list[TrialImage]


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """The run's time in seconds, by activity."""

    load: float
    """Loading models."""
    llm: float
    """Language model."""
    control: float
    """Measuring the control set."""
    generate: float
    """Drawing images."""
    score: float
    """Recording activations of images."""
    total: float
    """Working time over all sessions."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a run."""

    llm_calls: int
    """Number of calls of the language model."""
    prompt_tokens: int
    evaluated_tokens: int
    """Prompt tokens that were not reused from an earlier call."""
    completion_tokens: int
    images: int
    """Number of images of all trials."""
    images_drawn: int
    """Number of these that were not on disk already."""
    control_images: int
    """Number of images drawn for the control set."""
    seconds: Seconds


@decodable
class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that a run's outputs depend on, besides the seed."""

    batch_size: int
    threads: int
    device: str
    generator: str
    """Name and revision of the text-to-image model."""
    language: str
    vision: str
    prompt_template: str
    steps: int
    guidance: float
    image_size: int
    memory: e.Memory
    """Where the models were: all on the device (`resident`), in turn (`swap`), or the language model on the CPU."""
    gpu_layers: int
    """Number of the language model's layers on the GPU, -1 for all."""
    bit_identical: bool
    """False if a lack of memory changed the batch size during the run."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    model: str
    layer: str
    neuron: int
    name: str | None
    """The neuron's name in the model; null if it has none, and in older runs."""
    pooling: str
    profile: str
    strategy: str
    seed: int
    control: str | None
    """Folder of the user's own pictures used as control set; null if it was generated."""
    bank: Bank | None
    """The generated control set; null until it has been measured."""
    status: Status
    label: str | None
    """The concept that explains the neuron best; null if there is none (yet)."""
    reason: str | None
    """Why this is the label, or why there is none."""
    score: LabelScore | None
    """The label's score; null without a label."""
    explanation: Accounted | None
    """The set of concepts that accounts for the neuron; null if the strategy does not search for one."""
    judgement: e.Judgement | None
    """The user's judgement of the label."""
    decisions: list[Decision]
    """The user's decisions that were not undone, oldest first."""
    senses: list[Sense]
    minimal_pairs: list[MinimalPair]
    trials: list[TrialResult]
    """All concepts, in the order in which they entered the run."""
    cost: Cost
    settings: RunSettings


def result(state: RunState, total_seconds: float) -> Result:
    """The result of a run; `total_seconds` is its working time over all sessions.

    Raises ValueError for a run without its first event.
    """
    if state.run is None or state.settings is None:
        raise ValueError("the run has no first event")
    spec = state.spec
    return Result(
        run_id=state.run.run_id,
        model=spec.model,
        layer=spec.layer,
        neuron=spec.neuron,
        name=state.run.name or None,
        pooling=state.settings.pooling,
        profile=spec.profile,
        strategy=spec.strategy,
        seed=spec.seed,
        control=spec.control,
        bank=_bank(state.control),
        status=state.status,
        label=state.outcome.label if state.outcome else None,
        reason=state.outcome.reason if state.outcome else None,
        score=_label_score(state),
        explanation=msgspec.convert(state.explanation, Accounted | None, from_attributes=True),
        judgement=state.judged.judgement if state.judged else None,
        decisions=[_decision(state, decision) for decision in state.standing.decisions],
        senses=[_sense(sense) for sense in kept_senses(state)],
        minimal_pairs=[_pair(pair) for pair in kept_pairs(state)],
        trials=[_trial(state, trial) for trial in state.trials.values()],
        cost=_cost(state, total_seconds),
        settings=msgspec.convert(state.settings, RunSettings, from_attributes=True),
    )


def to_json(run_result: Result) -> str:
    """The result as an indented JSON object."""
    return msgspec.json.format(msgspec.json.encode(run_result)).decode()


def _label_score(state: RunState) -> LabelScore | None:
    trial = state.trials.get(state.outcome.trial or "") if state.outcome else None
    if trial is None:
        return None
    verified = state.verified if state.verified is not None and state.verified.trial == trial.id else None
    score = trial.score if verified is None else verified.score
    if score is None:
        return None
    metric = state.spec.metric
    own = {"metric": metric, "value": value(score, metric), "verified": verified is not None}
    # The search's interval and correlation would be mistaken for those of fresh images.
    measured = msgspec.structs.asdict(score)
    shared = measured if verified is not None else {key: measured[key] for key in ("auc", "mad", "images")}
    return msgspec.convert(shared | own, LabelScore)


def _decision(state: RunState, decision: e.Decided) -> Decision:
    trial = state.trials.get(decision.trial or "")
    concept = decision.concept or (concept_of(state, trial) if trial else None)
    return Decision(kind=decision.kind, concept=concept, reason=decision.reason or None)


def _sense(sense: e.SenseFound) -> Sense:
    score = {} if sense.score is None else msgspec.structs.asdict(sense.score)
    own = {"label": sense.label, "concepts": sense.concepts, "share": sense.share, "coverage": sense.share}
    return msgspec.convert(score | own, Sense)


def _pair(pair: e.MinimalPairMeasured) -> MinimalPair:
    def side(images: list[e.PairSide]) -> list[PairImage]:
        return [PairImage(path=one.image.path, activation=one.activation) for one in images]

    return MinimalPair(
        concept=pair.concept,
        variant=pair.variant,
        kind=pair.kind,
        relative_drop=pair.relative_drop,
        p_value=pair.p_value,
        discriminability=pair.discriminability,
        before=side(pair.before),
        after=side(pair.after),
    )


def _trial(state: RunState, trial: Trial) -> TrialResult:
    return TrialResult(
        concept=concept_of(state, trial),
        origin=trial.origin,
        iteration=trial.iteration,
        score=value(trial.score, state.spec.metric) if trial.score else None,
        **{key: getattr(trial.score, key, None) for key in ("auc", "mad", "correlation", "detected")},
        verdict=verdict(state, trial),
        images=[
            TrialImage(
                path=image.image.path,
                seed=image.image.seed,
                prompt=image.image.prompt,
                activation=image.activation,
                purpose=image.purpose,
            )
            for image in trial.images
        ],
    )


def _bank(control: Control | None) -> Bank | None:
    if control is None:
        return None
    return Bank(id=control.bank_id, concepts=len(control.concepts), missing=control.missing)


def _cost(state: RunState, total_seconds: float) -> Cost:
    images = [image for trial in state.trials.values() for image in trial.images]
    return Cost(
        llm_calls=state.calls,
        prompt_tokens=state.language.prompt_tokens,
        evaluated_tokens=state.language.evaluated_tokens,
        completion_tokens=state.language.completion_tokens,
        images=len(images),
        images_drawn=sum(not image.cached for image in images),
        control_images=state.control_images,
        seconds=Seconds(
            load=state.load_seconds,
            llm=state.language.seconds,
            control=state.control_seconds,
            generate=sum(image.draw_seconds for image in images),
            score=sum(image.look_seconds for image in images),
            total=total_seconds,
        ),
    )
