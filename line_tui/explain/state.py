"""The state of a run, folded from its durable events, for the loop, the TUI and the reports.

The loop decides from the state alone, so an interrupted run resumes from its stored events,
and a replay runs the same code as a live run.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Literal

import msgspec

from line_tui import events as e
from line_tui.events import DurableEvent
from line_tui.explain.decisions import Standing, Verdict, standing
from line_tui.explain.word_forms import same_form

Status = Literal["new", "running", "stopped", "failed", "finished"]


class Control(msgspec.Struct, frozen=True):
    """The neuron's activations on the frozen control set."""

    bank_id: str
    concepts: list[str]
    activations: list[list[float]]
    layer_scale: float = 0.0
    reference_activations: list[float] = []
    """Activations on the user's own pictures; if any, they are the control set instead of the vocabulary's."""
    missing: int = 0
    """Words of the vocabulary that are missing because their pictures had not been drawn yet."""

    @property
    def flat(self) -> list[float]:
        """All control activations, image by image."""
        return self.reference_activations or [value for row in self.activations for value in row]


class Trial(msgspec.Struct, frozen=True):
    """A concept in the run: proposed, perhaps drawn, perhaps scored."""

    id: str
    concept: str
    origin: e.Origin
    iteration: int
    move: e.Move = "start"
    based_on: tuple[str, ...] = ()
    images: tuple[e.ImageScored, ...] = ()
    """Images of all purposes, in order of arrival."""
    score: e.TrialScored | None = None
    votes: tuple[int, ...] = ()
    """Iterations in which the language model proposed it again."""
    place: int = 0
    """The number of trials before it."""

    def images_for(self, purpose: e.Purpose = "search") -> list[e.ImageScored]:
        """The images drawn for a purpose."""
        return [image for image in self.images if image.purpose == purpose]

    def missing(self, count: int, purpose: e.Purpose = "search") -> list[int]:
        """Numbers below `count` whose images have not been drawn for a purpose."""
        have = {image.index for image in self.images_for(purpose)}
        return [index for index in range(count) if index not in have]

    def activations(self, purpose: e.Purpose = "search") -> list[float]:
        """Activations of those images."""
        return [image.activation for image in self.images_for(purpose)]


class RunState(msgspec.Struct, frozen=True):
    """Everything known about a run.

    Values that every step needs are updated incrementally, so the cost of a step does not grow with the run.
    """

    status: Status = "new"
    run: e.RunStarted | None = None
    settings: e.Settings | None = None
    iterations: int = 0
    ask_first: bool = False
    control: Control | None = None
    trials: dict[str, Trial] = {}
    """By trial id, in order of arrival. Not mutated."""
    pool: tuple[str, ...] = ()
    explanation: e.Explained | None = None
    refusals: tuple[e.ProposalRefused, ...] = ()
    stalls: tuple[e.Stalled, ...] = ()
    decisions: tuple[e.Decided, ...] = ()
    standing: Standing = Standing()
    """The net effect of the decisions."""
    forms: dict[str, str] = {}
    """Concepts of all trials by their normal form."""
    unscored: tuple[str, ...] = ()
    """Trials without a score, in order of arrival."""
    own: int = 0
    """The number of trials that the user added."""
    drawn: dict[e.Purpose, int] = {}
    """The number of pictures of all other trials, by purpose."""
    proposed_in: int = 0
    """The last iteration with a proposal; the user's and the summary's belong to none."""
    passed_in: int = 0
    """The last iteration that ended with a vote or without a concept."""
    verified: e.Verified | None = None
    senses: tuple[e.SenseFound, ...] = ()
    pairs: tuple[e.MinimalPairMeasured, ...] = ()
    outcome: e.Finished | None = None
    judged: e.Judged | None = None
    reported_before: int = 0
    """Pictures drawn for results that a continuation invalidated."""
    failure: e.Failed | None = None
    calls: int = 0
    """Calls of the language model."""
    language: e.LanguageCost = e.LanguageCost()
    """The total cost of all calls."""
    load_seconds: float = 0.0
    control_seconds: float = 0.0
    control_images: int = 0

    @property
    def spec(self) -> e.RunSpec:
        """The spec of the run. Raises ValueError before the first event."""
        if self.run is None:
            raise ValueError("the run has no first event")
        return self.run.spec


def value(score: e.TrialScored | e.VerifiedScore, metric: e.Metric) -> float:
    """A score in the run's metric; 0 in runs of older versions that did not measure it."""
    measured = {"mean": score.mean, "auc": score.auc, "correlation": score.correlation}[metric]
    return measured if measured is not None else 0.0


def fold(events: Iterable[DurableEvent], state: RunState | None = None) -> RunState:
    """Fold durable events, oldest first, into a state."""
    return reduce(apply, events, state or RunState())


def apply(state: RunState, event: DurableEvent) -> RunState:
    """Return the state after an event; the given state is not changed."""
    change = msgspec.structs.replace
    match event:
        case e.RunStarted(spec=spec, settings=settings):
            return change(
                state,
                status="running",
                run=event,
                settings=settings,
                iterations=spec.iterations,
                ask_first=spec.ask_first,
            )
        case e.ModelsLoaded(seconds=seconds):
            return change(state, status="running", failure=None, load_seconds=state.load_seconds + seconds)
        case e.ControlMeasured():
            return change(
                state,
                control=Control(
                    event.bank_id,
                    event.concepts,
                    event.activations,
                    event.layer_scale,
                    event.reference_activations,
                    event.missing,
                ),
                control_images=event.drawn,
                control_seconds=event.seconds,
            )
        case e.Proposed():
            trial = Trial(
                id=event.trial,
                concept=event.concept,
                origin=event.origin,
                iteration=event.iteration,
                move=event.move,
                based_on=tuple(event.based_on),
                place=len(state.trials),
            )
            counted = event.iteration if event.origin not in ("user", "summary") else 0
            state = change(_add_trial(state, trial), proposed_in=max(state.proposed_in, counted))
            return _called(state, event.cost) if event.origin in ("llm", "summary") else state
        case e.ProposalRefused():
            return _called(change(state, refusals=(*state.refusals, event)), event.cost)
        case e.Repeated(trial=id):
            trial = state.trials[id]
            state = change(state, passed_in=max(state.passed_in, event.iteration))
            return _called(_with(state, change(trial, votes=(*trial.votes, event.iteration))), event.cost)
        case e.Stalled():
            return change(state, stalls=(*state.stalls, event), passed_in=max(state.passed_in, event.iteration))
        case e.ImageScored(trial=id):
            trial = state.trials[id]
            renamed = event.concept != concept_of(state, trial)
            state = _with(state, change(trial, concept=event.concept, images=(*trial.images, event)))
            if trial.origin != "user":
                state = change(state, drawn=state.drawn | {event.purpose: state.drawn.get(event.purpose, 0) + 1})
            return change(state, forms=_forms(state)) if renamed else state
        case e.TrialScored(trial=id):
            unscored = tuple(other for other in state.unscored if other != id)
            trial = state.trials[id]
            # A word of the bank has a score before any image is drawn.
            scored = change(trial, concept=concept_of(state, trial), score=event)
            return change(_with(state, scored), unscored=unscored)
        case e.PoolChanged(members=members):
            return change(state, pool=tuple(members))
        case e.Explained():
            return change(state, explanation=event)
        case e.Decided():
            return _decide(state, event)
        case e.Judged():
            return change(state, judged=event if event.judgement else None)
        case e.ModeChanged(ask_first=ask_first):
            return change(state, ask_first=ask_first)
        case e.BudgetChanged(iterations=iterations):
            if state.outcome is not None and iterations > state.iterations:
                state = _reopened(state)
            return change(state, iterations=iterations)
        case e.SettingsChanged(settings=settings):
            return change(state, settings=settings)
        case e.Verified():
            return change(state, verified=event)
        case e.SenseFound():
            return change(state, senses=(*state.senses, event))
        case e.MinimalPairMeasured():
            return change(state, pairs=(*state.pairs, event))
        case e.Finished():
            return change(state, status="finished", outcome=event)
        case e.Failed():
            return change(state, status="failed", failure=event)
        case e.Stopped():
            return change(state, status="stopped")


def _reopened(state: RunState) -> RunState:
    """A finished run that is continued: its result is discarded, all its images are kept."""
    return msgspec.structs.replace(
        state,
        status="stopped",
        outcome=None,
        verified=None,
        explanation=None,
        senses=(),
        pairs=(),
        judged=None,
        reported_before=sum(len(trial.images_for("report")) for trial in state.trials.values()),
    )


def _called(state: RunState, cost: e.LanguageCost) -> RunState:
    before = state.language
    together = e.LanguageCost(
        prompt_tokens=before.prompt_tokens + cost.prompt_tokens,
        evaluated_tokens=before.evaluated_tokens + cost.evaluated_tokens,
        completion_tokens=before.completion_tokens + cost.completion_tokens,
        seconds=before.seconds + cost.seconds,
    )
    return msgspec.structs.replace(state, calls=state.calls + 1, language=together)


def _with(state: RunState, trial: Trial) -> RunState:
    return msgspec.structs.replace(state, trials=state.trials | {trial.id: trial})


def _add_trial(state: RunState, trial: Trial) -> RunState:
    """The state with a trial added."""
    return msgspec.structs.replace(
        _with(state, trial),
        forms=state.forms | {same_form(trial.concept): trial.concept},
        unscored=(*state.unscored, trial.id),
        own=state.own + (trial.origin == "user"),
    )


def _decide(state: RunState, event: e.Decided) -> RunState:
    if event.kind == "verify" and state.outcome is not None:
        state = _reopened(state)
    decisions = (*state.decisions, event)
    state = msgspec.structs.replace(state, decisions=decisions, standing=standing(decisions))
    if event.kind == "add" and event.concept:
        iteration = max((trial.iteration for trial in state.trials.values()), default=0)
        place = len(state.trials)
        state = _add_trial(state, Trial(event.decision, event.concept, "user", iteration, place=place))
    return msgspec.structs.replace(state, forms=_forms(state))


def _forms(state: RunState) -> dict[str, str]:
    concepts = [concept_of(state, trial) for trial in state.trials.values()]
    return {same_form(concept): concept for concept in concepts}


def strongest_images(trials: Iterable[Trial]) -> list[e.ImageScored]:
    """All images of trials, highest activation first."""
    return sorted((image for trial in trials for image in trial.images), key=lambda image: -image.activation)


# -- effect of the decisions on trials ---


def verdict(state: RunState, trial: Trial) -> Verdict:
    """The user's last verdict on a trial; a trial whose `add` was undone counts as rejected."""
    if trial.origin == "user" and trial.id not in state.standing.ids:
        return "rejected"
    return state.standing.verdicts.get(trial.id, "open")


def to_verify(state: RunState) -> Trial | None:
    """The concept that the user wants verified in place of the search's choice."""
    requested = [decision.trial for decision in state.standing.decisions if decision.kind == "verify"]
    trial = state.trials.get(requested[-1] or "") if requested else None
    return trial if trial is not None and verdict(state, trial) != "rejected" else None


def concept_of(state: RunState, trial: Trial) -> str:
    """The trial's concept after the user's last edit; once it has an image or a score, the concept of these."""
    measured = trial.images or trial.score is not None
    return trial.concept if measured else state.standing.edits.get(trial.id, trial.concept)


def waits_for_user(state: RunState, trial: Trial) -> bool:
    """Whether ask-first mode holds a proposal; an edit counts as acceptance, and initial concepts are never held."""
    if not state.ask_first or trial.origin not in ("llm", "summary", "bank") or trial.images:
        return False
    return verdict(state, trial) == "open" and trial.id not in state.standing.edited


def next_id(state: RunState, ahead: int = 0) -> str:
    """The id of the loop's next trial, or of the one `ahead` places later."""
    return f"t{len(state.trials) - state.own + ahead + 1}"


def attempts(state: RunState, iteration: int) -> int:
    """Refused replies of the language model in the current iteration."""
    count = 0
    for refusal in reversed(state.refusals):
        if refusal.iteration != iteration:
            break
        count += 1
    return count


def rejected(state: RunState) -> list[tuple[str, str]]:
    """Concepts that the user rejected, each with the reason, if any."""
    reasons = {d.trial: d.reason for d in state.standing.decisions if d.kind in ("reject", "ban")}
    touched = {*state.standing.verdicts, *(decision.decision for decision in state.decisions)}
    trials = sorted((state.trials[id] for id in touched & state.trials.keys()), key=lambda trial: trial.place)
    return [
        (concept_of(state, trial), reasons.get(trial.id, "")) for trial in trials if verdict(state, trial) == "rejected"
    ]


def kept_senses(state: RunState) -> list[e.SenseFound]:
    """The senses whose concept the user has not rejected since."""
    return [sense for sense in state.senses if not _is_rejected(state, sense.trial, sense.label)]


def kept_pairs(state: RunState) -> list[e.MinimalPairMeasured]:
    """The minimal pairs of concepts that the user has not rejected since."""
    return [pair for pair in state.pairs if not _is_rejected(state, None, pair.concept)]


def _is_rejected(state: RunState, id: str | None, concept: str) -> bool:
    named = [trial for trial in state.trials.values() if trial.id == id or (id is None and trial.concept == concept)]
    return bool(named) and all(verdict(state, trial) == "rejected" for trial in named)
