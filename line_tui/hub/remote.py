"""Lists hub repositories and downloads their files. The only module that opens network connections."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx2
from huggingface_hub import HfApi, constants, get_session, hf_hub_url
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

from line_tui.errors import HubError, first_line
from line_tui.hub.cache import part_size
from line_tui.hub.names import check, check_repository

_RETRIES = 5
_TIMEOUT = 30.0  # seconds without a byte

OnBytes = Callable[[int], None]
"""Called with the bytes of the file that are on disk so far."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository."""

    name: str
    size: int
    """Bytes."""
    digest: str
    """SHA-256, or git's SHA-1 of a small file."""


@dataclass(frozen=True)
class Listing:
    """The contents of a repository at one commit."""

    commit: str
    files: list[RemoteFile]


class Hub:
    """The Hugging Face hub, or the server in `HF_ENDPOINT`, with the login stored by its own tools."""

    def __init__(self, endpoint: str | None = None, wait: Callable[[float], None] = time.sleep) -> None:
        self._endpoint = endpoint or constants.ENDPOINT
        self._wait = wait

    def list(self, repo: str, revision: str | None) -> Listing:
        """The files of a repository. Raises HubError."""
        check_repository(repo)
        with self._translated_errors(repo):
            info = HfApi(endpoint=self._endpoint).model_info(repo, revision=revision, files_metadata=True)
            files = [
                RemoteFile(entry.rfilename, _bytes(entry.size), entry.lfs.sha256 if entry.lfs else entry.blob_id or "")
                for entry in info.siblings or []
            ]
            commit = str(info.sha)
            check(commits=[commit], digests=[file.digest for file in files], names=[file.name for file in files])
        return Listing(commit, files)

    def fetch(self, repo: str, commit: str, file: RemoteFile, part: Path, on_bytes: OnBytes) -> None:
        """Download a file, resuming from `part`; a lost connection is retried.

        Raises HubError. Data received before an error is kept in `part`.
        """
        url = hf_hub_url(repo, file.name, revision=commit, endpoint=self._endpoint)
        failures = 0
        with self._translated_errors(repo):
            part.parent.mkdir(parents=True, exist_ok=True)
            if part.is_symlink():
                part.unlink()
        while (have := part_size(part)) < file.size or not part.exists():
            with self._translated_errors(repo):
                try:
                    self._go_on(url, part, have, file.size, on_bytes)
                    failures = 0 if part_size(part) > have else failures + 1
                except httpx2.TransportError:
                    failures = 0 if part_size(part) > have else failures + 1
                    if failures >= _RETRIES:
                        raise
            if failures >= _RETRIES:
                raise HubError(
                    f"{self._endpoint} stopped sending {file.name}", "pull again later: it continues from there"
                )
            if failures:
                self._wait(2.0**failures)

    def _go_on(self, url: str, part: Path, have: int, size: int, on_bytes: OnBytes) -> None:
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with _alone(part) as file:
            stream = get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True)
            with stream as response:
                if response.is_error:
                    response.read()
                hf_raise_for_status(response)
                if response.status_code != httpx2.codes.PARTIAL_CONTENT:
                    file.truncate(0)
                    have = 0
                # Raw: no compression was requested, and decompressed data could be of any size.
                for chunk in response.iter_raw():
                    file.write(chunk[: size - have])
                    have = min(size, have + len(chunk))
                    on_bytes(have)
                    if have == size:
                        # Data beyond the announced size is not part of the file.
                        break

    @contextmanager
    def _translated_errors(self, repo: str) -> Iterator[None]:
        """Turn the errors of the hub, the network and the disk into errors that a user can act on."""
        if constants.HF_HUB_OFFLINE:
            raise HubError("HF_HUB_OFFLINE forbids connections", "unset it for `line-tui models pull`")
        try:
            yield
        except GatedRepoError as error:
            raise gated(repo) from error
        except RepositoryNotFoundError as error:
            raise HubError(
                f"there is no model {repo} at {self._endpoint}, or your login cannot see it",
                "check the name in the catalogue, or run `hf auth login` with an account that can",
            ) from error
        except RevisionNotFoundError as error:
            raise HubError(
                f"{repo} does not have this revision, or no longer has it",
                "correct `revision` in the catalogue, or pull with --update to use the newest from now on",
            ) from error
        except HfHubHTTPError as error:
            raise HubError(
                f"{self._endpoint}: {first_line(error)}", "pull again later: it continues from there"
            ) from error
        except httpx2.HTTPError as error:
            raise HubError(
                f"cannot reach {self._endpoint}: {first_line(error)}",
                "check the connection and pull again: it continues from there",
            ) from error
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise HubError(
                "the disk of the model cache is full" if full else first_line(error),
                "free some space or set HF_HOME to a folder on another disk, and pull again: it continues from there",
            ) from error
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            # The library has no error for replies from others, such as a captive portal's page.
            raise HubError(
                f"{self._endpoint} does not answer like a hub ({type(error).__name__}: {first_line(error)})",
                "open that address in a browser: a network may want you to log in; correct HF_ENDPOINT if it is set",
            ) from error


def gated(repo: str) -> HubError:
    """The fix for a model whose licence must be accepted first."""
    return HubError(
        f"{repo} is gated: its owner asks for an account and an accepted licence",
        f"accept it at https://huggingface.co/{repo}, run `hf auth login`, and pull again",
    )


@contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, 0o666), "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubError(f"another process is fetching {part.name}", "wait for it, or stop it") from None
        yield file


def _bytes(size: object) -> int:
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"a file of {size!r} bytes")
    return size
