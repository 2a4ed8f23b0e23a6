"""Reports a pull on stderr: licences first, then progress."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from line_tui.cli.output import print_message
from line_tui.consoles import PlainConsole
from line_tui.hub.pull import Plan, gigabytes, pin, plan, pull, update_hint
from line_tui.hub.receipts import Receipts
from line_tui.hub.remote import Hub
from line_tui.models.catalog import Entry
from line_tui.models.lock_file import held, read_pins, write_pin
from line_tui.models.model_files import locate


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was pulled."""

    id: str
    path: str
    commit: str | None
    """The fetched commit; null for a model that does not come from the hub."""
    fetched: int
    """Number of bytes fetched."""


def pull_all(entries: Iterable[Entry], *, update: bool = False) -> list[Pulled]:
    """Fetch models one after the other, each at its pinned commit, and pin what was fetched.

    `entries` come from the catalogue without pins; `update` ignores earlier pins. Raises HubError, ModelFileError,
    UsageError.
    """
    hub, receipts = Hub(), Receipts()
    return [_pull(entry, hub, receipts, update) for entry in entries]


def _pull(entry: Entry, hub: Hub, receipts: Receipts, update: bool) -> Pulled:
    if entry.source.hub is None:
        path = locate(entry.source, entry.id)
        print_message(f"{entry.id}: nothing to fetch, the model is at {path}")
        return Pulled(id=entry.id, path=str(path), commit=None, fetched=0)
    before = read_pins().get(entry.id)
    source = entry.source if update else held(entry.source, before)
    planned = plan(msgspec.structs.replace(entry, source=source), hub)
    if source.revision != entry.source.revision:
        print_message(f"{entry.id}: pinned to commit {planned.commit[:12]}; {update_hint(entry.id)}")
    gated = f", gated: first accept it at https://huggingface.co/{planned.repo}" if entry.gated else ""
    print_message(f"{entry.id}: licence {entry.licence or 'not in the catalogue: see the model card'}{gated}")
    if planned.refused:
        print_message(f"{entry.id}: skipped, because they could run code: {', '.join(planned.refused)}")
    to_fetch = planned.to_fetch
    print_message(
        f"{entry.id}: {gigabytes(planned.size)} from {planned.repo}, {gigabytes(to_fetch)} of it left to fetch"
    )
    folder = _with_progress(planned, hub, receipts)
    write_pin(entry.id, pin(planned, entry.source.revision, folder))
    if before is not None and before.repo == planned.repo and before.commit != planned.commit:
        moved = f"updated from commit {before.commit[:12]} to {planned.commit[:12]}"
        print_message(f"{entry.id}: {moved}; the earlier files stay until `hf cache prune`")
    return Pulled(id=entry.id, path=str(folder), commit=planned.commit, fetched=to_fetch)


def columns() -> tuple[ProgressColumn, ...]:
    """Columns of the progress line; file names are not parsed as markup."""
    name = TextColumn("{task.description}", markup=False)
    return name, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()


def _with_progress(planned: Plan, hub: Hub, receipts: Receipts) -> Path:
    done = {file.name: file.size for file in planned.files if file not in planned.missing}
    with Progress(*columns(), console=PlainConsole(stderr=True), transient=True) as progress:
        bar = progress.add_task(planned.entry.id, total=planned.size, completed=sum(done.values()))

        def on_bytes(name: str, size: int) -> None:
            done[name] = size
            progress.update(bar, completed=sum(done.values()), description=name)

        folder = pull(planned, hub, on_bytes, receipts)
    print_message(f"{planned.entry.id}: complete and verified, in {folder}")
    return folder
