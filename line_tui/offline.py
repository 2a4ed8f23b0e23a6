"""Keeps libraries from the network, in every process that loads models."""

from __future__ import annotations

import os
import socket


def stay_offline() -> None:
    """Call before the libraries are imported: they read these at their import.

    Without it they ask the hub whether files have changed, and try out whether IPv6 works by binding a port.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # urllib3, which diffusers imports, takes its word for it.
    socket.has_ipv6 = False
