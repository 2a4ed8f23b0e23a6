"""`line-tui models`: the catalogue, and which of its models are on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from line_tui.cli.groups import Group
from line_tui.cli.options import completion, json_option
from line_tui.cli.output import confirmed, print_json, print_message, print_text, table
from line_tui.errors import ModelFileError, UsageError, unknown_name
from line_tui.plural import counted

if TYPE_CHECKING:
    from line_tui.models.catalog import Catalog, Entry


@completion
def complete_names(context: click.Context) -> list[CompletionItem]:
    """The catalogue's models and profiles."""
    from line_tui.models.catalog import read_catalog

    return [CompletionItem(id) for id in _named(read_catalog())]


names_argument = click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_names)
name_argument = click.argument("name", shell_complete=complete_names)


@click.group(cls=Group)
def models() -> None:
    """List, fetch, check and remove models.

    NAME is a model or a profile.

    \b
    Examples:
      line-tui models list
      line-tui models pull laptop
      line-tui models verify laptop
    """


@models.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """List the models and profiles of the catalogue.

    "present" means that a model is on this machine.

    \b
    Examples:
      line-tui models list
      line-tui models list --json
    """
    from line_tui.hub.listing import listing
    from line_tui.hub.receipts import Receipts
    from line_tui.hub.unfinished import find_unfinished
    from line_tui.hub.verify import check_quickly
    from line_tui.models.catalog import read_catalog

    catalog, receipts = read_catalog(), Receipts()
    unfinished = find_unfinished(catalog.entries)
    verdicts = {entry.id: check_quickly(entry, receipts) for entry in catalog.entries}
    if as_json:
        print_json(listing(catalog, verdicts, unfinished))
        return
    rows = [
        (
            kind,
            entry.id,
            verdicts[entry.id].state,
            _size(verdicts[entry.id].size or entry.size_mb * 1_000_000),
            f"{entry.licence}{', gated' * entry.gated}",
            entry.about,
        )
        for kind in ("language", "generator", "vision")
        for entry in getattr(catalog, kind)
    ]
    print_text(table(["kind", "name", "state", "size", "licence", "about"], rows))
    print_text("")
    sets = [(p.id, f"{p.language} + {p.generator} + {p.vision}", p.about) for p in catalog.profile]
    print_text(table(["profile", "models", "about"], sets))
    for each in unfinished:
        print_message(f"\n{each.found}: {each.fix}")


@models.command()
@names_argument
@click.option("--update", is_flag=True, help="Move to the newest revision and pin that.")
@json_option
def pull(names: tuple[str, ...], update: bool, as_json: bool) -> None:
    """Fetch models from the hub, resuming an interrupted pull.

    Licences are shown and disk space is checked first. A model becomes available only once all its files match the
    hub's hashes. A lock file pins the fetched version for later pulls and for `models verify`. No other command
    connects to the internet.

    \b
    Examples:
      line-tui models pull laptop
      line-tui models pull sdxl-base llama-3.1-8b-instruct
      line-tui models pull sdxl-base --update
    """
    from line_tui.cli.pull_progress import pull_all
    from line_tui.models.catalog import read_catalog

    pulled = pull_all(_resolve(read_catalog(pins={}), names), update=update)
    if as_json:
        print_json(pulled)


@models.command()
@names_argument
@json_option
def verify(names: tuple[str, ...], as_json: bool) -> None:
    """Compare the files of models with their known hashes. Exit code 4 if one differs or is missing.

    \b
    Example:
      line-tui models verify demo
    """
    from line_tui.hub.pull import update_hint
    from line_tui.hub.receipts import Receipts
    from line_tui.hub.verify import verify as check
    from line_tui.models.catalog import read_catalog
    from line_tui.models.lock_file import read_pins

    receipts, pins = Receipts(), read_pins()
    entries = _resolve(read_catalog(pins=pins), names)
    verdicts = [check(entry, receipts) for entry in entries]
    if as_json:
        print_json(verdicts)
    else:
        rows = [(verdict.id, verdict.state, _size(verdict.size), verdict.path or "") for verdict in verdicts]
        print_text(table(["name", "state", "size", "path"], rows))
        if any(verdict.state == "present" for verdict in verdicts):
            print_message("present, but without a known hash for all files")
        for entry in entries:
            if (pin := pins.get(entry.id)) is not None and entry.source.revision == pin.commit != pin.revision:
                print_message(f"{entry.id}: pinned to commit {pin.commit[:12]}; {update_hint(entry.id)}")
    if bad := next((verdict for verdict in verdicts if verdict.problem), None):
        raise ModelFileError(bad.problem, bad.fix)


@models.command()
@name_argument
@click.option("--unfinished", is_flag=True, help="Delete only what an interrupted pull left behind.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(name: str, unfinished: bool, yes: bool, as_json: bool) -> None:
    """Delete a fetched model.

    It is deleted from the hub's cache, which other programs may share.

    \b
    Examples:
      line-tui models remove sdxl-base
      line-tui models remove sdxl-base --unfinished
    """
    from line_tui.hub.cache import Repository
    from line_tui.hub.pull import gigabytes
    from line_tui.hub.unfinished import find_unfinished
    from line_tui.hub.verify import files_of
    from line_tui.models.catalog import read_catalog
    from line_tui.report.listings import RemovedModel

    catalog = read_catalog()
    entry = _named_model(catalog, name)
    repo = entry.source.hub
    if repo is None:
        raise UsageError(f"{name} was not fetched from the hub", "remove it the way it was installed")
    if unfinished:
        files = [part for each in find_unfinished(catalog.entries) if each.repo == repo for part in each.parts]
        what = counted(len(files), "unfinished file")
        if not files:
            raise UsageError(f"{repo} has no unfinished pull", "there is nothing to delete")
    else:
        files = files_of(entry)
        what = counted(len(files), "file")
    sharing = [other.id for other in catalog.entries if other.source.hub == repo and other.id != name]
    shared = f" ({', '.join(sharing)} may use some of them)" if sharing else ""
    freed = 0
    if confirmed(f"Delete {what} of {repo}{shared}?", yes):
        freed = Repository.of(repo).remove(files)
        print_message(f"{name}: {what} removed, {gigabytes(freed)} freed")
    else:
        files = []
        print_message("nothing was deleted")
    if as_json:
        print_json(RemovedModel(id=name, files=len(files), freed=freed))


@models.command()
@name_argument
@json_option
def path(name: str, as_json: bool) -> None:
    """Print the path of a model. Exit code 4 if it is not on this machine.

    \b
    Example:
      ls "$(line-tui models path smollm2-135m)"
    """
    from line_tui.models.catalog import read_catalog
    from line_tui.models.model_files import locate
    from line_tui.report.listings import ModelPath

    entry = _named_model(read_catalog(), name)
    location = str(locate(entry.source, entry.id))
    if as_json:
        print_json(ModelPath(id=name, path=location))
    else:
        print_text(location)


def _named(catalog: Catalog) -> dict[str, list[Entry]]:
    """Models by name, and each profile's models by the profile's name."""
    by_id = {entry.id: entry for entry in catalog.entries}
    named = {id: [entry] for id, entry in by_id.items()}
    for profile in catalog.profile:
        # A profile's vision model may be a torchvision model without an entry.
        ids = (profile.language, profile.generator, profile.vision)
        named[profile.id] = [by_id[id] for id in ids if id in by_id]
    return named


def _resolve(catalog: Catalog, names: Iterable[str]) -> list[Entry]:
    named = _named(catalog)
    entries: dict[str, Entry] = {}
    for name in names:
        if name not in named:
            raise unknown_name("model or profile", name, named, "`line-tui models list` lists them all")
        entries |= {entry.id: entry for entry in named[name]}
    return list(entries.values())


def _named_model(catalog: Catalog, name: str) -> Entry:
    by_id = {entry.id: entry for entry in catalog.entries}
    if name not in by_id:
        raise unknown_name("model", name, by_id, "`line-tui models list` lists them all")
    return by_id[name]


def _size(size: int) -> str:
    from line_tui.hub.pull import gigabytes

    return gigabytes(size) if size else ""
