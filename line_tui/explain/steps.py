"""What a strategy can ask the loop to do next. A strategy sees the state and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from line_tui.events import DurableEvent, Origin, Purpose
from line_tui.explain.ports import Gallery
from line_tui.explain.prompting import Request
from line_tui.explain.state import RunState


@dataclass(frozen=True)
class MeasureControl:
    """Get the neuron's activations on the control set."""


@dataclass(frozen=True)
class Ask:
    """Ask the language model for one concept."""

    request: Request
    origin: Origin
    iteration: int
    attempt: int


@dataclass(frozen=True)
class Draw:
    """Draw and look at some images of a trial."""

    trial: str
    indices: list[int]
    purpose: Purpose = "search"


@dataclass(frozen=True)
class DrawTogether:
    """Draw images of several trials in one batch, so that a single image of each does not cost a batch."""

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
    """Store what follows from the state without any model."""

    events: list[DurableEvent]


@dataclass(frozen=True)
class Wait:
    """Wait for the person's word on a proposal."""

    trial: str


@dataclass(frozen=True)
class Done:
    """The run has its result."""


Step = MeasureControl | Ask | Draw | DrawTogether | DrawVariant | Record | Wait | Done


@dataclass(frozen=True)
class Judged:
    """What a strategy makes of a language model's reply."""

    concept: str
    reason: str | None = None
    """Why it is refused; None where it is not."""
    repeats: str | None = None
    """The trial that it votes for again, where the strategy counts votes."""


class Strategy(Protocol):
    """A way to search: the next step as a pure function of the state, and of what its pictures do to the layer."""

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """The next thing to do."""
        ...

    def judge(self, state: RunState, reply: str) -> Judged:
        """Clean a language model's reply and say whether it is a new concept."""
        ...
