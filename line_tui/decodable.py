"""Makes types safe to decode from several threads."""

from typing import TypeVar

import msgspec

Kind = TypeVar("Kind")


def decodable(kind: Kind) -> Kind:
    """Decorator that prepares a type and its fields for decoding at import, when only one thread runs it.

    msgspec does this on the first decoding, where two threads doing it at once crash the process (msgspec 0.22).
    """
    msgspec.json.Decoder(kind)
    return kind
