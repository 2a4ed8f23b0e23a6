"""Runs over the fakes, for any test that needs a state or a whole run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from line_tui import events as e
from line_tui.explain.layer_activations import bank_of_neuron
from line_tui.explain.loop import Loop, Models
from line_tui.explain.ports import Bank, Cancelled
from line_tui.explain.published import Published
from line_tui.explain.reference_layer import WithReferenceLayer
from line_tui.explain.seeds import image_seed
from line_tui.explain.state import RunState, fold
from line_tui.explain.steps import Strategy
from tests.fakes import (
    HUES,
    SETTINGS,
    VOCABULARY,
    FakeAlbum,
    FakeGenerator,
    FakeJournal,
    FakeLanguage,
    FakeVision,
)


class FreeRunControl:
    """A run control that never pauses; `stop_after` ends the run.

    `on_wait` is what the user does when asked, `on_step` what they do before each step.
    """

    def __init__(
        self,
        on_wait: Callable[[], None] | None = None,
        stop_after: int | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self.on_wait, self.steps_left, self.on_step = on_wait, stop_after, on_step

    def wait_while_paused(self) -> None:
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise Cancelled
        self.on_step()

    def wait_for_decision(self) -> None:
        assert self.on_wait is not None, "the run waits for a user, and there is none"
        self.on_wait()

    def check(self) -> None:
        pass


def started(**spec: object) -> e.RunStarted:
    """The first event of a run on the fake models."""
    fields: dict[str, object] = {"model": "fake", "layer": "fc", "neuron": 0, "strategy": "published", "metric": "mean"}
    fields |= spec
    return e.RunStarted(run_id="r1", spec=e.RunSpec(**fields), settings=SETTINGS)  # type: ignore[arg-type]


@cache
def bank(neuron: int, images: int = 2) -> Bank:
    """The fake vocabulary's activations of a neuron."""
    generator, vision = FakeGenerator(), WithReferenceLayer(FakeVision(), FakeVision(), HUES)
    rows = []
    for word in VOCABULARY:
        prompt = generator.prompt_template.format(concept=word)
        seeds = [image_seed("bank", word, index) for index in range(images)]
        pictures = generator.draw([prompt] * images, seeds, lambda step, steps: None)
        rows.append(vision.record(pictures, "fc").activations)
    return bank_of_neuron("fake-bank", VOCABULARY, np.stack(rows), neuron, "fc")


class Run:
    """One run on the fakes, with everything a test may want to look at or change."""

    def __init__(
        self,
        language: FakeLanguage | None = None,
        strategy: Strategy | None = None,
        run_control: FreeRunControl | None = None,
        kind: str = "published",
        **spec: object,
    ) -> None:
        """`kind` is the name that the strategy is registered by."""
        self.language = language or FakeLanguage()
        self.strategy = strategy or Published()
        self.run_control = run_control or FreeRunControl()
        self.journal, self.album, self.generator = FakeJournal(), FakeAlbum(), FakeGenerator()
        self.journal.stored.append(started(**spec, strategy=kind))

    def go(self) -> RunState:
        """Run from whatever is stored to the end."""
        state = fold(self.journal.stored)
        loop = Loop(
            Models(self.language, self.generator, WithReferenceLayer(FakeVision(), FakeVision(), HUES)),
            state.spec.layer,
            self.strategy,
            self.journal,
            self.album,
            lambda words: bank(state.spec.neuron),
            self.run_control,
        )
        return loop.run(state)

    def decide(self, **decision: object) -> None:
        """Make a decision, which the loop sees before its next step."""
        number = sum(isinstance(event, e.Decided) for event in [*self.journal.stored, *self.journal.pending])
        fields: dict[str, object] = {"decision": f"d{number + 1}", **decision}
        self.journal.pending.append(e.Decided(**fields))  # type: ignore[arg-type]

    def of(self, kind: type[e.Event]) -> list[e.Event]:
        """Stored events of one kind."""
        return [event for event in self.journal.stored if isinstance(event, kind)]
