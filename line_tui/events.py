"""Everything that happens in a run, as typed events: the language of engine, store, TUI and reports.

Durable events are on disk before anyone sees them; ephemeral ones (tokens, progress) may be lost or replaced by
a newer one. Folding the durable events of a run (`line_tui.explain.state`) gives its whole state.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from line_tui.neuron import Neuron

SCHEMA_VERSION = 1

Origin = Literal["vocabulary", "random", "llm", "summary", "user", "bank"]
Move = Literal["start", "new", "generalise", "specialise", "combine", "contrast", "summarise"]
DecisionKind = Literal["accept", "reject", "edit", "add", "pin", "ban", "undo", "verify"]
"""`verify` asks for the score of a concept in place of what the search would choose."""
Judgement = Literal["right", "too narrow", "wrong"]
Metric = Literal["mean", "auc", "correlation"]
Purpose = Literal["search", "choose", "report"]
"""What an image was drawn for; the label's reported score rests on `report` images alone."""
Memory = Literal["resident", "swap", "cpu-llm"]
"""Where the models of a run are: all on the device; language model and generator there in turn; the language model on
the CPU. In this order each needs less of the device and costs more time."""
Phase = Literal["loading", "control", "proposing", "waiting", "drawing", "verifying", "paused", "idle"]


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for."""

    model: str
    layer: str
    neuron: int
    profile: str = "demo"
    strategy: str = "adaptive"
    """One of `line_tui.explain.strategies`."""
    metric: Metric = "correlation"
    """What the search raises, and the score that is shown; each strategy has those that it can."""
    seed: int = 0
    iterations: int = 10
    images: int = 5
    ask_first: bool = False
    control: str | None = None
    """Folder of the user's own pictures to be the control set; None for generated ones."""
    sources: str = ""
    """Digests of the models' files and of the control folder's pictures when it was asked for."""

    @property
    def target(self) -> Neuron:
        """The neuron to be explained."""
        return Neuron(self.model, self.layer, self.neuron)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What outputs depend on besides the seed: fixed at the start, recorded, restored on resume."""

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
    """Of the language model, -1 for all."""
    bit_identical: bool = True
    """False once memory forced a change of batch size in the middle of the run."""


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One drawn image; `identity` hashes all it depends on, never the neuron."""

    identity: str
    path: str
    prompt: str
    seed: int


class LanguageCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one call of the language model cost; `evaluated_tokens` leaves out the reused static head."""

    prompt_tokens: int = 0
    evaluated_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all events; the JSON key `type` tells them apart."""


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
    """What the model calls the neuron, where it has a name for it."""


class ModelsLoaded(Durable, frozen=True, kw_only=True, tag="models_loaded"):
    """The models are in memory, after a start or a resume."""

    seconds: float
    notes: list[str] = []
    """What is to be known of how they were loaded, a line each."""


class ControlMeasured(Durable, frozen=True, kw_only=True, tag="control_measured"):
    """The neuron's activations on the frozen control set: one row of images for each vocabulary concept."""

    bank_id: str
    concepts: list[str]
    activations: list[list[float]]
    drawn: int = 0
    """Images that had to be drawn for it; 0 when the bank was ready."""
    missing: int = 0
    """Words of the vocabulary that are not in it, because their pictures were not drawn yet."""
    seconds: float = 0.0
    layer_scale: float = 0.0
    """Largest absolute activation of the layer's neurons on the control set; 0 where it is not known."""
    reference_activations: list[float] = msgspec.field(default_factory=list, name="apart")
    """Activations on pictures of no concept, which are then the control set in place of the vocabulary's."""
    skipped: list[str] = []
    """Files of the user's that are no pictures, each with the reason."""


class Proposed(Durable, frozen=True, kw_only=True, tag="proposed"):
    """A concept enters the run as a trial, not yet drawn."""

    trial: str
    concept: str
    origin: Origin
    iteration: int
    move: Move = "start"
    based_on: list[str] = []
    """The concepts that the language model was shown."""
    cost: LanguageCost = LanguageCost()


class ProposalRefused(Durable, frozen=True, kw_only=True, tag="proposal_refused"):
    """A reply of the language model that is no usable new concept; no image was spent on it."""

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
    """The language model gave no new concept in all its attempts of this iteration."""

    iteration: int
    attempts: int
    remedy: str


class ImageScored(Durable, frozen=True, kw_only=True, tag="image_scored"):
    """One image of a trial, drawn and looked at."""

    trial: str
    concept: str
    """What was drawn: the trial's concept from its first image on, whatever was edited meanwhile."""
    index: int
    purpose: Purpose = "search"
    image: ImageRecord
    activation: float
    cached: bool = False
    """True when the image was already on disk and was not drawn again."""
    thumbnail: bytes = b""
    """RGB rows of a square picture of `THUMBNAIL` pixels a side."""
    activation_map: list[list[float]] | None = None
    """The neuron's spatial activation, where the layer has one."""
    draw_seconds: float = 0.0
    look_seconds: float = 0.0


class TrialScored(Durable, frozen=True, kw_only=True, tag="trial_scored"):
    """All images of a trial are in; AUC and MAD are against the run's control set."""

    trial: str
    mean: float
    auc: float
    mad: float
    images: int
    correlation: float | None = None
    """Two-sided score, as in `VerifiedScore`; None in strategies that do not measure it."""
    detected: float | None = None
    """AUC of the concept's detector on its own held-out pictures; low where the generator cannot draw it."""


class PoolChanged(Durable, frozen=True, kw_only=True, tag="pool_changed"):
    """The trials that the next proposal is based on."""

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
    """The smallest set of concepts that accounts for the neuron, as far as it is known; a later one replaces it."""

    concepts: list[ConceptShare]
    """In the order in which they were taken; empty where no concept does better than chance."""
    unexplained: float
    """Share of the neuron's strong responses that no concept of the set accounts for."""
    p_value: float | None = None
    """Share of random directions of the layer for which a word does as well; None where that is not known."""
    features: str = ""
    """The activations that the concept detectors read."""
    left: list[str] = []
    """What the strongest unexplained pictures of the control set were drawn from."""
    final: bool = False
    """Whether it is the reported one, measured on pictures that had no part in choosing it."""


class Decided(Durable, frozen=True, kw_only=True, tag="decided"):
    """What the person said. An undo names the decision that it takes back; nothing is ever erased."""

    decision: str
    kind: DecisionKind
    trial: str | None = None
    concept: str | None = None
    reason: str = ""
    undoes: str | None = None


class Judged(Durable, frozen=True, kw_only=True, tag="judged"):
    """What the person says of the label; a later one replaces it, and None takes it back."""

    judgement: Judgement | None
    label: str | None = None
    """The label that was judged; None for the finding that there is none."""


class ModeChanged(Durable, frozen=True, kw_only=True, tag="mode_changed"):
    """Ask-first (every proposal waits for the person) or automatic."""

    ask_first: bool


class BudgetChanged(Durable, frozen=True, kw_only=True, tag="budget_changed"):
    """The person changed how many iterations the run has in all."""

    iterations: int


class SettingsChanged(Durable, frozen=True, kw_only=True, tag="settings_changed"):
    """Memory forced another batch size; the run is no longer bit-identical to one that kept it."""

    settings: Settings
    reason: str


class VerifiedScore(msgspec.Struct, frozen=True, kw_only=True):
    """A score measured on images that were drawn for this measurement alone."""

    auc: float
    mad: float
    mean: float
    images: int
    ci_low: float
    ci_high: float
    p_value: float
    correlation: float | None = None
    """Two-sided score: how well the concept's detector predicts the neuron's strong responses, -1 to 1; None where it
    was not measured. AUC and MAD ask whether the concept drives the neuron, this asks too whether what drives the
    neuron is the concept (arXiv 2506.05774)."""
    correlation_low: float | None = None
    correlation_high: float | None = None
    """Its 95 % interval, by a bootstrap over the control set's concepts."""


class Verified(Durable, frozen=True, kw_only=True, tag="verified"):
    """The chosen label's score on fresh seeds."""

    trial: str
    concept: str
    score: VerifiedScore


class SenseFound(Durable, frozen=True, kw_only=True, tag="sense_found"):
    """One meaning of the neuron: concepts that belong together, their label, its verified score."""

    label: str
    trial: str
    concepts: list[str]
    score: VerifiedScore | None = None
    share: float | None = None
    """Share of the neuron's strong responses that it accounts for; None where it was not measured."""


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
    """Share of the label's activation above the control mean that is gone."""
    p_value: float
    discriminability: float | None = msgspec.field(default=None, name="told_apart")
    """Share of pictures that the layer's other neurons put on the right side, .5 by chance; None for too few."""


class Finished(Durable, frozen=True, kw_only=True, tag="finished"):
    """The run reached its result: a label, or the finding that there is none."""

    label: str | None
    trial: str | None
    reason: str


class Failed(Durable, frozen=True, kw_only=True, tag="failed"):
    """The run ended in an error; it can be resumed once the cause is gone."""

    cause: str
    fix: str
    exit_code: int = 1


class Stopped(Durable, frozen=True, kw_only=True, tag="stopped"):
    """The person stopped the run; it can be resumed."""


# -- ephemeral ---


class PhaseChanged(Ephemeral, frozen=True, kw_only=True, tag="phase_changed"):
    """What the engine does right now."""

    phase: Phase
    detail: str = ""


class Progress(Ephemeral, frozen=True, kw_only=True, tag="progress"):
    """How far the present phase is; a newer one replaces it."""

    phase: Phase
    done: int
    total: int
    detail: str = ""


class Token(Ephemeral, frozen=True, kw_only=True, tag="token"):
    """A piece of text from the language model; `thinking` marks a reasoning model's thoughts."""

    text: str
    thinking: bool = False


class Preview(Ephemeral, frozen=True, kw_only=True, tag="preview"):
    """What the pictures that are being drawn look like so far; a newer one replaces it."""

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
Decision = Decided | ModeChanged | BudgetChanged
"""What the person says of a run."""
EphemeralEvent = PhaseChanged | Progress | Token | Preview
AnyEvent = DurableEvent | EphemeralEvent

THUMBNAIL = 24
"""Side of a thumbnail in pixels: 24 columns by 12 rows of half-cells."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way: `seq` is its place in the store, None if ephemeral; `time` is Unix seconds."""

    run_id: str
    time: float
    event: AnyEvent
    seq: int | None = None


def durable(envelopes: Iterable[Envelope]) -> list[DurableEvent]:
    """The durable events among envelopes, in their order."""
    return [envelope.event for envelope in envelopes if isinstance(envelope.event, Durable)]
