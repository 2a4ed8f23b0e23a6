"""How events are stored: without derivable values, and with large or shared values in separate blobs.

Thumbnails are stored by picture and control-set words by content, for all runs; maps and control activations by run, as
`float32`. Events of version 1 stores contain all of these and are read as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

import msgspec
import numpy as np
from msgspec.structs import replace

from line_tui import events as e
from line_tui.decodable import decodable
from line_tui.events import DurableEvent
from line_tui.store.images import IDENTITY

Key = tuple[str, str, str]
"""Kind, owner (a picture, a run, or none), and which of the owner's blobs."""
Read = Callable[[Key], bytes | None]

THUMBNAIL, MAP, CONTROL, WORDS = "thumbnail", "map", "control", "words"


class _Array(msgspec.Struct, frozen=True, array_like=True):
    """Losslessly packed numbers."""

    shape: tuple[int, ...]
    kind: str
    data: bytes


@decodable
class _Control(msgspec.Struct, frozen=True, array_like=True):
    """A control set's activations, and the key of its words."""

    words: str
    activations: _Array


def slim(run_id: str, seq: int, event: DurableEvent) -> tuple[DurableEvent, dict[Key, bytes]]:
    """The event as stored, and its blobs."""
    match event:
        case e.ImageScored():
            return _slim_image(run_id, event)
        case e.MinimalPairMeasured():
            return _slim_pair(event)
        case e.ControlMeasured(concepts=concepts, activations=activations):
            packed = _pack(activations)
            if packed is None:
                return event, {}
            words = msgspec.msgpack.encode(concepts)
            name = blake2b(words, digest_size=16).hexdigest()
            control = msgspec.msgpack.encode(_Control(name, packed))
            beside = {(WORDS, "", name): words, (CONTROL, run_id, str(seq)): control}
            return replace(event, concepts=[], activations=[]), beside
        case _:
            return event, {}


def _slim_image(run_id: str, event: e.ImageScored) -> tuple[DurableEvent, dict[Key, bytes]]:
    thumbnail = _thumbnail(event.image)
    if thumbnail is None:
        return event, {}
    beside: dict[Key, bytes] = {}
    if event.thumbnail:
        beside[thumbnail] = event.thumbnail
        event = replace(event, thumbnail=b"")
    if event.activation_map and (packed := _pack(event.activation_map)) is not None:
        beside[MAP, run_id, event.image.identity] = msgspec.msgpack.encode(packed)
        event = replace(event, activation_map=None)
    return event, beside


def _slim_pair(event: e.MinimalPairMeasured) -> tuple[DurableEvent, dict[Key, bytes]]:
    beside: dict[Key, bytes] = {}

    def slim_side(side: e.PairSide) -> e.PairSide:
        if not side.thumbnail or (thumbnail := _thumbnail(side.image)) is None:
            return side
        beside[thumbnail] = side.thumbnail
        return replace(side, thumbnail=b"")

    return each_side(event, slim_side), beside


def each_side(event: e.MinimalPairMeasured, change: Callable[[e.PairSide], e.PairSide]) -> e.MinimalPairMeasured:
    """The event with a function applied to each of its pictures."""
    before, after = ([change(side) for side in sides] for sides in (event.before, event.after))
    return replace(event, before=before, after=after)


def whole(run_id: str, seq: int, event: DurableEvent, read: Read) -> DurableEvent:
    """The original event. Missing blobs are left empty."""
    match event:
        case e.ImageScored():
            area = event.activation_map
            if area is None and (stored := read((MAP, run_id, event.image.identity))) is not None:
                area = _unpack(msgspec.msgpack.decode(stored, type=_Array))
            thumbnail = event.thumbnail or _read_thumbnail(event.image, read)
            return replace(event, thumbnail=thumbnail, activation_map=area)
        case e.MinimalPairMeasured():
            return each_side(
                event, lambda side: replace(side, thumbnail=side.thumbnail or _read_thumbnail(side.image, read))
            )
        case e.ControlMeasured(activations=[]) if (stored := read((CONTROL, run_id, str(seq)))) is not None:
            control = msgspec.msgpack.decode(stored, type=_Control)
            words = read((WORDS, "", control.words))
            if words is None:
                raise ValueError("the words of its control set are missing")
            concepts = msgspec.msgpack.decode(words, type=list[str])
            return replace(event, concepts=concepts, activations=_unpack(control.activations))
        case _:
            return event


def _thumbnail(image: e.ImageRecord) -> Key | None:
    return (THUMBNAIL, image.identity, "") if IDENTITY.fullmatch(image.identity) else None


def _read_thumbnail(image: e.ImageRecord, read: Read) -> bytes:
    key = _thumbnail(image)
    return (read(key) if key is not None else None) or b""


def _pack(rows: Sequence[Sequence[float]]) -> _Array | None:
    """Rows as an array; None if their lengths differ, in which case they stay in the event."""
    if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
        return None
    exact = np.array(rows, np.float64)
    with np.errstate(over="ignore"):
        short = exact.astype(np.float32)
    same = np.array_equal(short, exact) and not np.any(np.signbit(exact) & (exact == 0))
    array = short if same else exact
    return _Array(array.shape, array.dtype.str, array.tobytes())


def _unpack(array: _Array) -> list[list[float]]:
    if array.kind not in ("<f4", "<f8"):
        raise ValueError("not an array of numbers")
    rows: list[list[float]] = np.frombuffer(array.data, array.kind).reshape(array.shape).tolist()
    return rows
