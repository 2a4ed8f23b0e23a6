"""A hub on loopback that speaks the parts of the real one's HTTP that a pull needs, and can misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from line_tui.hub.pull import plan, pull
from line_tui.hub.receipts import Receipts
from line_tui.hub.remote import Hub
from line_tui.models.catalog import LanguageEntry
from line_tui.models.model_files import Source

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Bytes from which the fake keeps a file by its SHA-256, as the hub does with LFS files."""


@dataclass
class FakeHub:
    endpoint: str = ""
    head: str = COMMIT
    """The commit that `main` and the tag v1 lead to, with the files of `repositories`."""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    older: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    """Commits before it, each with its repositories."""
    gated: set[str] = field(default_factory=set)
    served: dict[str, bytes] = field(default_factory=dict)
    """Sent instead of a file's true bytes, by name."""
    cut_after: int | None = None
    """Bytes after which every answer breaks off."""
    ignores_ranges: bool = False
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of each file that was asked for."""
    elsewhere: str | None = None
    """Another server that the files are at, as the hub's are at its delivery network."""
    logins: list[str | None] = field(default_factory=list)
    """The Authorization header of each request."""

    def new_revision(self, commit: str, repositories: dict[str, dict[str, bytes]]) -> None:
        """Someone pushes a commit; the one before it can still be had."""
        self.older[self.head] = self.repositories
        self.head, self.repositories = commit, repositories

    def at(self, revision: str) -> dict[str, dict[str, bytes]] | None:
        if revision in (self.head, "main", "v1"):
            return self.repositories
        return self.older.get(revision)

    def open(self) -> Hub:
        return Hub(self.endpoint, wait=lambda seconds: None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.hub.logins.append(self.headers.get("Authorization"))
        if path.startswith("/api/models/"):
            self._describe(path)
        else:
            self._send_file(path)

    def _describe(self, path: str) -> None:
        repo = "/".join(path.split("/")[3:5])
        revision = path.split("/")[-1] if "/revision/" in path else "main"
        repositories = self.hub.at(revision)
        if repo not in self.hub.repositories:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif repositories is None:
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            siblings = [self._sibling(name, data) for name, data in repositories[repo].items()]
            commit = revision if revision in self.hub.older else self.hub.head
            self._answer(200, json.dumps({"id": repo, "sha": commit, "siblings": siblings}).encode())

    def _sibling(self, name: str, data: bytes) -> dict[str, object]:
        sibling: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": git_sha1(data)}
        if len(data) >= LARGE:
            digest = hashlib.sha256(data).hexdigest()
            sibling["lfs"] = {"size": len(data), "sha256": digest, "pointerSize": 134}
        return sibling

    def _send_file(self, path: str) -> None:
        owner, name, _, commit, *rest = path.strip("/").split("/")
        repo, file = f"{owner}/{name}", "/".join(rest)
        if repo in self.hub.gated:
            self._answer(403, b"", {"X-Error-Code": "GatedRepo"})
            return
        repositories = self.hub.at(commit)
        assert repositories is not None and len(commit) == len(COMMIT)
        if self.hub.elsewhere is not None:
            self._answer(302, b"", {"Location": self.hub.elsewhere + path})
            return
        wanted = self.headers.get("Range")
        self.hub.ranges.append(wanted)
        data = self.hub.served.get(file, repositories[repo][file])
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not self.hub.ignores_ranges else 0
        self._answer(206 if start else 200, data[start:], cut_after=self.hub.cut_after)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, cut_after: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body[:cut_after])
        if cut_after is not None and cut_after < len(body):
            self.close_connection = True


ENTRY = LanguageEntry(id="tiny", source=Source(hub="someone/tiny"), licence="MIT")


def fetch(hub: FakeHub, receipts: Receipts, model: LanguageEntry = ENTRY) -> Path:
    connection = hub.open()
    return pull(plan(model, connection), connection, lambda name, done: None, receipts)


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()


@contextmanager
def serve() -> Iterator[FakeHub]:
    """A hub that runs while the block lasts."""
    fake = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": fake}))
    fake.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()
