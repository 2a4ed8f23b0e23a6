"""A language model on this machine that says what the test wants, word for word, and only when it wants it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue

CATALOG = """
[[language]]
id = "served"
source = { endpoint = "http://127.0.0.1:%d/v1" }

[[profile]]
id = "served"
language = "served"
generator = "emoji-diffusion"
vision = "emoji-resnet18"
about = "A language model of the test's."
"""


class Served(ThreadingHTTPServer):
    """Speaks OpenAI's protocol: pieces of text as they are put into `said`, None at the end of a reply."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.said: SimpleQueue[str | None] = SimpleQueue()
        self.prompts: list[str] = []
        """What the app asked, the latest last."""

    def reply(self, *concepts: str) -> None:
        """Say these from now on, one a call."""
        for concept in concepts:
            self.said.put(concept)
            self.said.put(None)


class _Handler(BaseHTTPRequestHandler):
    server: Served

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.prompts.append(asked["messages"][-1]["content"])
        self.send_response(200)
        self.end_headers()
        while (piece := self.server.said.get()) is not None:
            message = {"choices": [{"delta": {"content": piece}}]}
            self.wfile.write(b"data: " + json.dumps(message).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serve(config: Path, **explain: str | int) -> Iterator[Served]:
    """Serve the model and make it the one of the settings in this file, with these defaults for a run."""
    server = Served()
    config.with_name("catalog.toml").write_text(CATALOG % server.server_port)
    defaults = {"profile": "served", "strategy": "published", "iterations": 2, "images": 2, **explain}
    config.write_text("[explain]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in defaults.items()))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        # Who still waits for a word gets an end.
        server.said.put(None)
        server.shutdown()
        server.server_close()
