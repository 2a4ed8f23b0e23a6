"""The loop: asks a strategy for the next step, runs it with the models, stores the events, and repeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from line_tui import events as e
from line_tui.explain.layer_activations import of_neuron, zero_non_finite
from line_tui.explain.minimal_pairs import discriminability, relative_drop
from line_tui.explain.ports import Album, Bank, Floats, Generator, Journal, Language, Picture, Vision
from line_tui.explain.prompt_template import fill_template
from line_tui.explain.prompting import render
from line_tui.explain.seeds import image_seed, proposal_seed
from line_tui.explain.state import RunState, concept_of, fold, next_id
from line_tui.explain.steps import Ask, Done, Draw, DrawTogether, DrawVariant, MeasureControl, Record, Strategy, Wait
from line_tui.explain.thumbnails import thumbnail

TEMPERATURE = 0.5
TEMPERATURE_STEP = 0.25
"""Added to the temperature for each refused attempt, so that a model stops repeating itself."""


class RunControl(Protocol):
    """Lets the user pause or stop the loop."""

    def wait_while_paused(self) -> None:
        """Block until the next step may begin. Raises Cancelled if the run was stopped."""

    def wait_for_decision(self) -> None:
        """Block until the user makes a decision. Raises Cancelled if the run was stopped."""

    def check(self) -> None:
        """Raise Cancelled if the run was stopped."""


@dataclass(frozen=True)
class Models:
    """The three models of a run."""

    language: Language
    generator: Generator
    vision: Vision


@dataclass(frozen=True)
class Loop:
    """The loop of one run, with its models, journal and album."""

    models: Models
    layer: str
    strategy: Strategy
    journal: Journal
    album: Album
    control: Callable[[Sequence[str] | None], Bank]
    """Measures the control set of these words, or of those available."""
    run_control: RunControl
    _banks: list[Bank] = field(default_factory=list)
    _features: dict[str, Floats] = field(default_factory=dict)

    def run(self, state: RunState) -> RunState:
        """Run from a state to the result. Raises Cancelled when the user stops it."""
        passed = False
        while True:
            state = fold(self.journal.new_decisions(), state)
            step = self.strategy.next_step(state, self)
            match step:
                case Done():
                    return state
                case Wait(trial=trial):
                    self._phase("waiting", concept_of(state, state.trials[trial]))
                    self.run_control.wait_for_decision()
                case Record(events=events):
                    state = self._store(state, events)
                case _:
                    if not passed:
                        self.run_control.wait_while_paused()
                    late = self.journal.new_decisions()
                    # A decision made during a pause may have changed which step is next.
                    passed = bool(late)
                    state = fold(late, state) if late else self._store(state, self._perform(state, step))

    def bank(self, words: Sequence[str]) -> Bank:
        """The control set; a resumed run measures its original one again. Raises Cancelled."""
        if not self._banks:
            self._phase("control")
            self._banks.append(self.control(words))
        return self._banks[0]

    def features(self, images: Sequence[e.ImageRecord]) -> Floats:
        """The input of the concept detectors for drawn pictures, `float32[images, features]`. Raises Cancelled."""
        missing = [image for image in images if image.identity not in self._features]
        if missing:
            # Only in a resumed run: its pictures are in the album, or are drawn again.
            pictures, _, _ = self._pictures([image.prompt for image in missing], [image.seed for image in missing])
            self._remember([image.identity for image in missing], pictures, None)
        return np.stack([self._features[image.identity] for image in images])

    def _remember(self, identities: Sequence[str], pictures: Sequence[Picture], activations: Floats | None) -> None:
        if activations is None:
            activations = self.models.vision.record(pictures, self.layer).activations
        finite = np.nan_to_num(activations, posinf=0.0, neginf=0.0)
        self._features.update(zip(identities, finite, strict=True))

    def _perform(
        self, state: RunState, step: MeasureControl | Ask | Draw | DrawTogether | DrawVariant
    ) -> list[e.DurableEvent]:
        match step:
            case MeasureControl():
                return [self._measure_control()]
            case Ask():
                return [self._ask(state, step)]
            case Draw():
                return self._draw(state, [step])
            case DrawTogether(draws=draws):
                return self._draw(state, draws)
            case DrawVariant():
                return [self._draw_variant(state, step)]

    def _store(self, state: RunState, events: list[e.DurableEvent]) -> RunState:
        return fold(self.journal.append(*events), state)

    def _phase(self, phase: e.Phase, detail: str = "") -> None:
        self.journal.show(e.PhaseChanged(phase=phase, detail=detail))

    def _measure_control(self) -> e.ControlMeasured:
        self._phase("control")
        start = time.perf_counter()
        bank = self.control(None)
        self._banks[:] = [bank]
        reference = bank.reference_activations
        return e.ControlMeasured(
            bank_id=bank.id,
            concepts=bank.concepts,
            activations=[[float(value) for value in row] for row in bank.activations],
            drawn=bank.drawn,
            missing=bank.missing,
            seconds=time.perf_counter() - start,
            layer_scale=bank.layer_scale,
            reference_activations=[] if reference is None else [float(value) for value in reference],
            skipped=list(bank.skipped),
        )

    def _ask(self, state: RunState, step: Ask) -> e.Proposed | e.ProposalRefused | e.Repeated:
        self._phase("proposing", step.request.move)

        def on_token(text: str, thinking: bool) -> None:
            self.run_control.check()
            self.journal.show(e.Token(text=text, thinking=thinking))

        start = time.perf_counter()
        reply = self.models.language.complete(
            render(step.request),
            seed=proposal_seed(state.spec.seed, step.iteration, step.attempt),
            temperature=TEMPERATURE + TEMPERATURE_STEP * step.attempt,
            on_token=on_token,
        )
        cost = e.LanguageCost(
            prompt_tokens=reply.prompt_tokens,
            evaluated_tokens=reply.evaluated_tokens,
            completion_tokens=reply.completion_tokens,
            seconds=time.perf_counter() - start,
        )
        judged = self.strategy.judge(state, reply.text)
        concept = judged.concept
        if judged.repeats is not None:
            return e.Repeated(trial=judged.repeats, iteration=step.iteration, cost=cost)
        if (reason := judged.reason) is not None:
            return e.ProposalRefused(
                text=concept or reply.text,
                iteration=step.iteration,
                attempt=step.attempt,
                reason=reason,
                cost=cost,
            )
        return e.Proposed(
            trial=next_id(state),
            concept=concept,
            origin=step.origin,
            iteration=step.iteration,
            move=step.request.move,
            based_on=[one.concept for one in step.request.shown],
            cost=cost,
        )

    def _draw(self, state: RunState, draws: Sequence[Draw]) -> list[e.DurableEvent]:
        generator, spec = self.models.generator, state.spec
        concepts = {draw.trial: concept_of(state, state.trials[draw.trial]) for draw in draws}
        searching = draws[0].purpose == "search"
        self._phase("drawing" if searching else "verifying", ", ".join(concepts.values()))
        batch = [(draw, index) for draw in draws for index in draw.indices][: generator.batch_size]
        seeds = [_seed(spec.seed, draw.purpose, concepts[draw.trial], index) for draw, index in batch]
        prompts = [
            fill_template(generator.prompt_template, concepts[draw.trial], seed)
            for (draw, _), seed in zip(batch, seeds, strict=True)
        ]
        start = time.perf_counter()
        pictures, records, fresh = self._pictures(prompts, seeds)
        drawn = time.perf_counter()
        recording = self.models.vision.record(pictures, spec.layer, spec.neuron)
        looked = time.perf_counter()
        own = of_neuron(recording.activations, spec.neuron)
        self._remember([record.identity for record in records], pictures, recording.activations)
        return [
            e.ImageScored(
                trial=draw.trial,
                concept=concepts[draw.trial],
                index=index,
                purpose=draw.purpose,
                image=records[n],
                activation=float(own[n]),
                cached=n not in fresh,
                thumbnail=thumbnail(pictures[n]),
                activation_map=None if recording.maps is None else recording.maps[n].round(4).tolist(),
                draw_seconds=(drawn - start) / len(fresh) if n in fresh else 0.0,
                look_seconds=(looked - drawn) / len(batch),
            )
            for n, (draw, index) in enumerate(batch)
        ]

    def _draw_variant(self, state: RunState, step: DrawVariant) -> e.MinimalPairMeasured:
        generator, spec = self.models.generator, state.spec
        trial = state.trials[step.trial]
        self._phase("verifying", f"{trial.concept} -> {step.variant or 'nothing'}")
        before = [image for image in trial.images_for("report") if image.index in step.indices]
        seeds = [image.image.seed for image in before]
        template = generator.prompt_template if step.variant else ""
        prompts = [fill_template(template, step.variant, seed) for seed in seeds]
        pictures, records, _ = self._pictures(prompts, seeds)
        activations = self.models.vision.record(pictures, spec.layer, spec.neuron).activations
        own = of_neuron(activations, spec.neuron)
        after = [
            e.PairSide(image=record, activation=float(value), thumbnail=thumbnail(picture))
            for record, value, picture in zip(records, own, pictures, strict=True)
        ]
        assert state.control is not None
        drop, p_value = relative_drop([i.activation for i in before], [i.activation for i in after], state.control.flat)
        return e.MinimalPairMeasured(
            concept=trial.concept,
            variant=step.variant,
            kind=step.kind,
            before=[e.PairSide(image=i.image, activation=i.activation, thumbnail=i.thumbnail) for i in before],
            after=after,
            relative_drop=drop,
            p_value=p_value,
            discriminability=self._discriminability(spec, before, activations),
        )

    def _discriminability(self, spec: e.RunSpec, before: list[e.ImageScored], after: Floats) -> float | None:
        stored = [self.album.find(image.image.identity) for image in before]
        pictures = [entry[0] for entry in stored if entry is not None]
        if len(pictures) < len(before):
            return None  # Some pictures have been deleted since; using only the others would change the number.
        recorded = self.models.vision.record(pictures, spec.layer).activations
        rest = [np.delete(zero_non_finite(each), spec.neuron, axis=1) for each in (recorded, after)]
        return discriminability(rest[0], rest[1])

    def _pictures(
        self, prompts: Sequence[str], seeds: Sequence[int]
    ) -> tuple[list[Picture], list[e.ImageRecord], set[int]]:
        """Take pictures from the album or draw them; the third result marks those that were drawn."""
        order = range(len(seeds))
        identities = [self.album.identity(prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]
        pictures_of: dict[int, tuple[Picture, e.ImageRecord]] = {}
        for n in order:
            if (stored := self.album.find(identities[n])) is not None:
                picture, path = stored
                pictures_of[n] = (
                    picture,
                    e.ImageRecord(identity=identities[n], path=path, prompt=prompts[n], seed=seeds[n]),
                )
        missing = [n for n in order if n not in pictures_of]
        size = self.models.generator.batch_size
        for batch in (missing[start : start + size] for start in range(0, len(missing), size)):
            pictures = self.models.generator.draw([prompts[n] for n in batch], [seeds[n] for n in batch], self._on_step)
            for n, picture in zip(batch, pictures, strict=True):
                pictures_of[n] = (picture, self.album.keep(identities[n], prompts[n], seeds[n], picture))
        return [pictures_of[n][0] for n in order], [pictures_of[n][1] for n in order], set(missing)

    def _on_step(self, step: int, steps: int) -> None:
        self.run_control.check()
        self.journal.show(e.Progress(phase="drawing", done=step, total=steps))


def _seed(run_seed: int, purpose: e.Purpose, concept: str, index: int) -> int:
    # Fresh seeds: a concept is never judged by the pictures of the search.
    return image_seed(run_seed if purpose == "search" else f"{run_seed} {purpose}", concept, index)
