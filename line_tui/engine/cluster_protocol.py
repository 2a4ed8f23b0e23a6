"""Messages between the driver of a cluster and its actors: typed structs as MessagePack, never code."""

from __future__ import annotations

import msgspec

from line_tui.engine import protocol as p
from line_tui.events import DurableEvent, RunSpec
from line_tui.store.activations import View


class Work(p.Command, frozen=True, kw_only=True, tag="work"):
    """Work on a run, starting from its stored events."""

    run_id: str
    spec: RunSpec
    events: list[DurableEvent]


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="question"):
    """Base of an actor's questions to the driver, which owns the store."""


class Write(Question, frozen=True, kw_only=True, tag="write"):
    """Store these, pictures first, so that no event refers to a missing picture."""

    pictures: dict[str, bytes] = {}
    """PNG files by identity."""
    vectors: list[tuple[View, dict[str, bytes]]] = []
    """Activations `float32[neurons]` by image."""
    run_id: str = ""
    events: list[DurableEvent] = []


class Pictures(Question, frozen=True, kw_only=True, tag="pictures"):
    """Send those of these pictures that exist."""

    identities: list[str]


class Known(Question, frozen=True, kw_only=True, tag="known"):
    """Which of these pictures exist?"""

    identities: list[str]


class Vectors(Question, frozen=True, kw_only=True, tag="vectors"):
    """Send the known activations of these images."""

    view: View
    images: list[str]


class Claim(Question, frozen=True, kw_only=True, tag="claim"):
    """Which of these images, at most `most`, should this actor record? The answer includes known activations."""

    view: View
    images: list[str]
    most: int


AnyQuestion = Write | Pictures | Known | Vectors | Claim


class Asked(p.Message, frozen=True, kw_only=True, tag="asked"):
    """A question with a number, which is repeated in its answer."""

    number: int
    question: AnyQuestion


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The driver's answer, by name; for a claim, the actor is to record the entries without content."""

    number: int
    found: dict[str, bytes] = {}
    error: tuple[str, str] | None = None
    """Cause and fix of a StoreError."""


ToActor = Work | p.Pause | p.Step | p.Continue | p.Stop | p.Decide | p.ListLayers | p.Shutdown
FromActor = p.AnyMessage | Asked

encode = msgspec.msgpack.Encoder().encode
decode_to_actor = msgspec.msgpack.Decoder(ToActor).decode
decode_from_actor = msgspec.msgpack.Decoder(list[FromActor]).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
