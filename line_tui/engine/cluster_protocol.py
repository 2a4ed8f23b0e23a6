"""Messages between the driver of a cluster and its actors: typed structs as MessagePack, never code."""

from __future__ import annotations

import msgspec

from line_tui.engine import protocol as p
from line_tui.events import DurableEvent, RunSpec
from line_tui.store.activations import View


class Work(p.Command, frozen=True, kw_only=True, tag="work"):
    """Work on a run from what is stored of it."""

    run_id: str
    spec: RunSpec
    events: list[DurableEvent]


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="question"):
    """Base of what an actor asks of the driver, which alone has the store."""


class Write(Question, frozen=True, kw_only=True, tag="write"):
    """Store this, pictures first, so that no event speaks of a picture that is not there."""

    pictures: dict[str, bytes] = {}
    """PNG files by identity."""
    vectors: list[tuple[View, dict[str, bytes]]] = []
    """Activations `float32[neurons]` by image."""
    run_id: str = ""
    events: list[DurableEvent] = []


class Pictures(Question, frozen=True, kw_only=True, tag="pictures"):
    """Give these pictures, as far as they are there."""

    identities: list[str]


class Known(Question, frozen=True, kw_only=True, tag="known"):
    """Which of these pictures are there?"""

    identities: list[str]


class Vectors(Question, frozen=True, kw_only=True, tag="vectors"):
    """Give activations, as far as they are there."""

    view: View
    images: list[str]


class Claim(Question, frozen=True, kw_only=True, tag="claim"):
    """Which of these, `most` of them, may this actor look at? With the activations of those that are known."""

    view: View
    images: list[str]
    most: int


AnyQuestion = Write | Pictures | Known | Vectors | Claim


class Asked(p.Message, frozen=True, kw_only=True, tag="asked"):
    """A question, answered under its number."""

    number: int
    question: AnyQuestion


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver found, by name; of a claim, those without content are the actor's."""

    number: int
    found: dict[str, bytes] = {}
    error: tuple[str, str] | None = None
    """Cause and fix: the store could not do it."""


AnyGiven = Work | p.Pause | p.Step | p.Continue | p.Stop | p.Decide | p.ListLayers | p.Shutdown
AnyTold = p.AnyMessage | Asked

encode = msgspec.msgpack.Encoder().encode
decode_given = msgspec.msgpack.Decoder(AnyGiven).decode
decode_told = msgspec.msgpack.Decoder(list[AnyTold]).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
