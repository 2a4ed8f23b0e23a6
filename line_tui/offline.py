"""Keeps libraries from the network, in every process that loads models."""

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
"""Audit events to refuse. Creating a socket is not one of them: asyncio needs a socket pair."""
_allowed: set[tuple[object, object]] = set()


def stay_offline() -> None:
    """Call before the libraries are imported: they read these at their import.

    Without it they ask the hub whether files have changed, and try out whether IPv6 works by binding a port.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # urllib3, which diffusers imports, takes its word for it.
    socket.has_ipv6 = False


def refuse_sockets() -> None:
    """Stay offline and refuse every connection from now on; this cannot be undone in this process.

    Settings only ask libraries to stay offline, and a model's files may ask for the opposite.
    """
    stay_offline()
    sys.addaudithook(_refuse)


def allow_endpoint(host: str, port: int) -> None:
    """Allow connections to a local server that the user's catalogue names."""
    _allowed.add((host, port))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _REACHES_OUT:
        return
    wanted = arguments[1] if event == "socket.connect" else arguments
    if event in ("socket.connect", "socket.getaddrinfo") and isinstance(wanted, tuple) and wanted[:2] in _allowed:
        return
    raise PermissionError(f"this process must not connect, but {event} was called with {wanted!r}")
