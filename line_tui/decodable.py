"""Types that several threads may decode."""

from typing import TypeVar

import msgspec

Kind = TypeVar("Kind")


def decodable(kind: Kind) -> Kind:
    """Work out how a type, and all that it consists of, is decoded; returns the type, so that it serves as a decorator.

    msgspec does this when it first decodes the type, and two threads that do it at once crash the process (msgspec
    0.22). While a module is imported, only one thread does.
    """
    msgspec.json.Decoder(kind)
    return kind
