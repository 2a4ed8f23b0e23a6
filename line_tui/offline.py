"""Blocks network access in every process that loads models."""

from __future__ import annotations

import os
import socket
import sys

_REACHES_OUT = frozenset(
    (
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    )
)
"""Audit events to refuse. Creating a socket is allowed, since asyncio needs a socket pair."""
_allowed: set[tuple[object, object]] = set()


def stay_offline() -> None:
    """Call before the libraries are imported, since they read these settings at import.

    Without them they ask the hub whether files have changed, and test IPv6 by binding a port.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # urllib3, which diffusers imports, relies on this flag.
    socket.has_ipv6 = False


def refuse_sockets() -> None:
    """Stay offline and refuse every connection from now on; this cannot be undone in this process.

    Settings only request offline mode, and a model's files may override them.
    """
    stay_offline()
    sys.addaudithook(_refuse)


def allow_endpoint(host: str, port: int) -> None:
    """Allow connections to a local server that the user's catalogue names."""
    _allowed.add((host, port))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _REACHES_OUT:
        return
    address = arguments[1] if event == "socket.connect" else arguments
    if event in ("socket.connect", "socket.getaddrinfo") and isinstance(address, tuple) and address[:2] in _allowed:
        return
    raise PermissionError(f"this process must not connect, but {event} was called with {address!r}")
