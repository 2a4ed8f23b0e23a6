"""The steps that a strategy can ask of the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from line_tui.events import DurableEvent, Origin, Purpose
from line_tui.explain.ports import Gallery
from line_tui.explain.prompting import Request
from line_tui.explain.state import RunState


@dataclass(frozen=True)
class MeasureControl:
    """Measure the neuron's activations on the control set."""


@dataclass(frozen=True)
class Ask:
    """Ask the language model for one concept."""

    request: Request
    origin: Origin
    iteration: int
    attempt: int


@dataclass(frozen=True)
class Draw:
    """Draw some images of a trial and record their activations."""

    trial: str
    indices: list[int]
    purpose: Purpose = "search"


@dataclass(frozen=True)
class DrawTogether:
    """Draw images of several trials in one batch, so that a single image does not cost a whole batch."""

    draws: list[Draw]


@dataclass(frozen=True)
class DrawVariant:
    """Draw a concept with one word changed or dropped, at the seeds of some of its `report` images."""

    trial: str
    variant: str
    kind: Literal["swap", "drop"]
    indices: list[int]


@dataclass(frozen=True)
class Record:
    """Store events that follow from the state alone, without a model."""

    events: list[DurableEvent]


@dataclass(frozen=True)
class Wait:
    """Wait for the user's decision on a proposal."""

    trial: str


@dataclass(frozen=True)
class Done:
    """End the run, which has its result."""


Step = MeasureControl | Ask | Draw | DrawTogether | DrawVariant | Record | Wait | Done


@dataclass(frozen=True)
class Judged:
    """A strategy's verdict on a reply of the language model."""

    concept: str
    reason: str | None = None
    """Why it is refused; None if it is accepted."""
    repeats: str | None = None
    """The earlier trial that the reply repeats, in strategies that count repeats as votes."""


class Strategy(Protocol):
    """A search strategy: the next step as a pure function of the state and its pictures' activations."""

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """The next step."""

    def judge(self, state: RunState, reply: str) -> Judged:
        """Clean a language model's reply and say whether it is a new concept."""
