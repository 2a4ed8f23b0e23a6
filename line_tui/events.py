"""Everything that happens in a run, as typed events, which engine, store, TUI and reports exchange.

Durable events are on disk before they are shown; ephemeral ones (tokens, progress) may be lost or replaced by
a newer one. Folding the durable events of a run (`line_tui.explain.state`) gives its whole state.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from line_tui.decodable import decodable
from line_tui.neuron import Neuron

SCHEMA_VERSION = 1

Origin = Literal["vocabulary", "random", "llm", "summary", "user", "bank"]
Move = Literal["start", "new", "generalise", "specialise", "combine", "contrast", "summarise"]
DecisionKind = Literal["accept", "reject", "edit", "add", "pin", "ban", "undo", "verify"]
"""`verify` requests the score of a concept in place of the search's choice."""
Judgement = Literal["right", "too narrow", "wrong"]
Metric = Literal["mean", "auc", "correlation"]
Purpose = Literal["search", "choose", "report"]
"""The purpose of an image; the label's reported score uses only `report` images."""
Memory = Literal["resident", "swap", "cpu-llm"]
"""Where the models of a run are: all on the device; language model and generator in turn; the language model on the
CPU. Each needs less device memory and more time than the one before."""
Phase = Literal["loading", "control", "proposing", "waiting", "drawing", "verifying", "paused", "idle"]


IN_MEMORY = "memory:"
"""How the sources of a run begin whose vision model has no files."""


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for."""

    model: str
    layer: str
    neuron: int
    profile: str = "demo"
    strategy: str = "adaptive"
    """One of `line_tui.explain.strategies`."""
    metric: Metric = "correlation"
    """The metric that the search maximises and the screens show; each strategy supports some."""
    seed: int = 0
    iterations: int = 10
    images: int = 5
    ask_first: bool = False
    control: str | None = None
    """Folder of the user's own pictures used as control set; None for generated ones."""
    sources: str = ""
    """Digests of the models' files and the control folder's pictures at the time of the request."""

    @property
    def target(self) -> Neuron:
        """The neuron to be explained."""
        return Neuron(self.model, self.layer, self.neuron)

    @property
    def in_memory(self) -> bool:
        """Whether the vision model is in the memory of a Python program, so that no other process has it."""
        return self.sources.startswith(IN_MEMORY)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that outputs depend on besides the seed: fixed at the start, stored, and restored on resume."""

    batch_size: int
    threads: int
    device: str
    pooling: str
    generator: str
    """Name and revision of the text-to-image model."""
    language: str
    vision: str
    prompt_template: str
    steps: int
    guidance: float
    image_size: int
    memory: Memory = "resident"
    gpu_layers: int = 0
    """Layers of the language model on the GPU, -1 for all."""
    bit_identical: bool = True
    """False once a shortage of memory forced a change of batch size during the run."""


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One drawn image; `identity` is a hash of everything it depends on, which excludes the neuron."""

    identity: str
    path: str
    prompt: str
    seed: int


class LanguageCost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one call of the language model; `evaluated_tokens` excludes the reused static head."""

    prompt_tokens: int = 0
    evaluated_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all events; the JSON key `type` is the event's name."""


class Durable(Event, frozen=True, kw_only=True):
    """An event that is stored before it is shown."""


class Ephemeral(Event, frozen=True, kw_only=True):
    """An event that is only shown."""


# -- durable ---


class RunStarted(Durable, frozen=True, kw_only=True, tag="run_started"):
    """The first event of every run."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    spec: RunSpec
    settings: Settings
    name: str = ""
    """The model's own name for the neuron, if it has one."""


class ModelsLoaded(Durable, frozen=True, kw_only=True, tag="models_loaded"):
    """The models are in memory, after a start or a resume."""

    seconds: float
    notes: list[str] = []
    """Notes on how they were loaded, one line each."""


class ControlMeasured(Durable, frozen=True, kw_only=True, tag="control_measured"):
    """The neuron's activations on the frozen control set: one row of images for each vocabulary concept."""

    bank_id: str
    concepts: list[str]
    activations: list[list[float]]
    drawn: int = 0
    """Images that had to be drawn for it; 0 if all existed."""
    missing: int = 0
    """Words of the vocabulary that are missing because their pictures had not been drawn yet."""
    seconds: float = 0.0
    layer_scale: float = 0.0
    """Largest absolute activation of any neuron of the layer on the control set; 0 if unknown."""
    reference_activations: list[float] = msgspec.field(default_factory=list, name="apart")
    """Activations on the user's own pictures; if any, they are the control set instead of the vocabulary's."""
    skipped: list[str] = []
    """The user's files that could not be read as pictures, each with the reason."""


class Proposed(Durable, frozen=True, kw_only=True, tag="proposed"):
    """A concept enters the run as a trial, not yet drawn."""

    trial: str
    concept: str
    origin: Origin
    iteration: int
    move: Move = "start"
    based_on: list[str] = []
    """The concepts shown to the language model."""
    cost: LanguageCost = LanguageCost()


class ProposalRefused(Durable, frozen=True, kw_only=True, tag="proposal_refused"):
    """A language-model reply that is not a usable new concept; no image was drawn for it."""

    text: str
    iteration: int
    attempt: int
    reason: str
    cost: LanguageCost = LanguageCost()


class Repeated(Durable, frozen=True, kw_only=True, tag="repeated"):
    """The language model proposed a concept again: a vote for it, which earns it more pictures."""

    trial: str
    iteration: int
    cost: LanguageCost = LanguageCost()


class Stalled(Durable, frozen=True, kw_only=True, tag="stalled"):
    """The language model gave no new concept in any attempt of this iteration."""

    iteration: int
    attempts: int
    remedy: str


class ImageScored(Durable, frozen=True, kw_only=True, tag="image_scored"):
    """One image of a trial, drawn and recorded."""

    trial: str
    concept: str
    """The concept that was drawn: that of the trial's first image, regardless of later edits."""
    index: int
    purpose: Purpose = "search"
    image: ImageRecord
    activation: float
    cached: bool = False
    """True if the image was already on disk and was not drawn again."""
    thumbnail: bytes = b""
    """RGB rows of a square picture, `THUMBNAIL` pixels a side."""
    activation_map: list[list[float]] | None = None
    """The neuron's spatial activation, if the layer has a spatial extent."""
    draw_seconds: float = 0.0
    look_seconds: float = 0.0


class TrialScored(Durable, frozen=True, kw_only=True, tag="trial_scored"):
    """A trial has all its images; AUC and MAD are against the run's control set."""

    trial: str
    mean: float
    auc: float
    mad: float
    images: int
    correlation: float | None = None
    """Two-sided score, as in `VerifiedScore`; None in strategies that do not measure it."""
    detected: float | None = None
    """AUC of the concept's detector on its own held-out pictures; low if the generator cannot draw the concept."""


class PoolChanged(Durable, frozen=True, kw_only=True, tag="pool_changed"):
    """The trials that the next proposals are based on."""

    members: list[str]
    dropped: str | None = None


class ConceptShare(msgspec.Struct, frozen=True, kw_only=True):
    """One concept of an explanation."""

    trial: str
    concept: str
    share: float
    """Share of the neuron's strong responses that it accounts for beyond the concepts before it."""
    correlation: float
    """Its two-sided score by itself."""


class Explained(Durable, frozen=True, kw_only=True, tag="explained"):
    """The smallest set of concepts that accounts for the neuron, as known so far; a later one replaces it."""

    concepts: list[ConceptShare]
    """In the order in which they were chosen; empty if no concept does better than chance."""
    unexplained: float
    """Share of the neuron's strong responses that no concept of the set accounts for."""
    p_value: float | None = None
    """Share of random directions of the layer that a word explains as well; None if unknown."""
    features: str = ""
    """The activations that the concept detectors read."""
    left: list[str] = []
    """The concepts of the strongest unexplained pictures of the control set."""
    final: bool = False
    """Whether it is the reported one, measured on pictures that were not used to choose it."""


class Decided(Durable, frozen=True, kw_only=True, tag="decided"):
    """A decision of the user. An undo names the decision that it reverts; none is erased."""

    decision: str
    kind: DecisionKind
    trial: str | None = None
    concept: str | None = None
    reason: str = ""
    undoes: str | None = None


class Judged(Durable, frozen=True, kw_only=True, tag="judged"):
    """The user's judgement of the label; a later one replaces it, and None removes it."""

    judgement: Judgement | None
    label: str | None = None
    """The label that was judged; None if the result was that there is none."""


class ModeChanged(Durable, frozen=True, kw_only=True, tag="mode_changed"):
    """Switch between ask-first, where every proposal waits for the user, and automatic."""

    ask_first: bool


class BudgetChanged(Durable, frozen=True, kw_only=True, tag="budget_changed"):
    """The user changed the run's total number of iterations."""

    iterations: int


class SettingsChanged(Durable, frozen=True, kw_only=True, tag="settings_changed"):
    """A shortage of memory forced other settings; the run is no longer bit-identical to one without the change."""

    settings: Settings
    reason: str


class VerifiedScore(msgspec.Struct, frozen=True, kw_only=True):
    """A score measured on images drawn only for this measurement."""

    auc: float
    mad: float
    mean: float
    images: int
    ci_low: float
    ci_high: float
    p_value: float
    correlation: float | None = None
    """Two-sided score: how well the concept's detector predicts the neuron's strong responses, -1 to 1; None if not
    measured. AUC and MAD tell whether the concept drives the neuron; this also tells whether what drives the neuron is
    the concept (arXiv 2506.05774)."""
    correlation_low: float | None = None
    correlation_high: float | None = None
    """Its 95% interval, by a bootstrap over the control set's concepts."""


class Verified(Durable, frozen=True, kw_only=True, tag="verified"):
    """The chosen label's score on fresh seeds."""

    trial: str
    concept: str
    score: VerifiedScore


class SenseFound(Durable, frozen=True, kw_only=True, tag="sense_found"):
    """One meaning of the neuron: concepts that belong together, their label, and its verified score."""

    label: str
    trial: str
    concepts: list[str]
    score: VerifiedScore | None = None
    share: float | None = None
    """Share of the neuron's strong responses that it accounts for; None if not measured."""


class PairSide(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a minimal pair: an image and its activation."""

    image: ImageRecord
    activation: float
    thumbnail: bytes = b""


class MinimalPairMeasured(Durable, frozen=True, kw_only=True, tag="minimal_pair_measured"):
    """The label against itself with one word changed or dropped, at the same seeds."""

    concept: str
    variant: str
    kind: Literal["swap", "drop"]
    before: list[PairSide]
    after: list[PairSide]
    relative_drop: float = msgspec.field(name="lost")
    """Drop of the activation, as a share of the label's activation above the control mean."""
    p_value: float
    discriminability: float | None = msgspec.field(default=None, name="told_apart")
    """Share of pictures that the layer's other neurons put on the right side, .5 by chance; None for too few."""


class Finished(Durable, frozen=True, kw_only=True, tag="finished"):
    """The run reached its result: a label or none."""

    label: str | None
    trial: str | None
    reason: str


class Failed(Durable, frozen=True, kw_only=True, tag="failed"):
    """The run ended with an error; it can be resumed once the cause is fixed."""

    cause: str
    fix: str
    exit_code: int = 1


class Stopped(Durable, frozen=True, kw_only=True, tag="stopped"):
    """The user stopped the run; it can be resumed."""


# -- ephemeral ---


class PhaseChanged(Ephemeral, frozen=True, kw_only=True, tag="phase_changed"):
    """The engine's current activity."""

    phase: Phase
    detail: str = ""


class Progress(Ephemeral, frozen=True, kw_only=True, tag="progress"):
    """The progress of the current phase; a newer one replaces it."""

    phase: Phase
    done: int
    total: int
    detail: str = ""


class Token(Ephemeral, frozen=True, kw_only=True, tag="token"):
    """A piece of text from the language model; `thinking` marks a reasoning model's reasoning."""

    text: str
    thinking: bool = False


class Preview(Ephemeral, frozen=True, kw_only=True, tag="preview"):
    """The unfinished pictures of the current batch; a newer one replaces it."""

    pictures: list[bytes]
    """Thumbnails, as in `ImageScored`."""


DurableEvent = (
    RunStarted
    | ModelsLoaded
    | ControlMeasured
    | Proposed
    | ProposalRefused
    | Repeated
    | Stalled
    | ImageScored
    | TrialScored
    | PoolChanged
    | Explained
    | Decided
    | Judged
    | ModeChanged
    | BudgetChanged
    | SettingsChanged
    | Verified
    | SenseFound
    | MinimalPairMeasured
    | Finished
    | Failed
    | Stopped
)
decodable(DurableEvent)
Decision = Decided | ModeChanged | BudgetChanged
"""Anything the user decides about a run."""
EphemeralEvent = PhaseChanged | Progress | Token | Preview
AnyEvent = DurableEvent | EphemeralEvent

THUMBNAIL = 24
"""Side of a thumbnail in pixels: 24 columns by 12 rows of half-cells."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its run: `seq` is its place in the store, None if ephemeral; `time` is in Unix seconds."""

    run_id: str
    time: float
    event: AnyEvent
    seq: int | None = None


def durable(envelopes: Iterable[Envelope]) -> list[DurableEvent]:
    """The durable events among envelopes, in order."""
    return [envelope.event for envelope in envelopes if isinstance(envelope.event, Durable)]
