"""The types of `line-tui models list --json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from line_tui.hub.unfinished import Unfinished
from line_tui.hub.verify import State, Verdict
from line_tui.models.catalog import Catalog, GeneratorEntry, LanguageEntry, Profile, VisionEntry


class ListedLanguage(LanguageEntry, frozen=True, kw_only=True, tag_field="kind", tag="language"):
    """A language model of the catalogue, and whether it is on this machine."""

    state: State
    path: str | None


class ListedGenerator(GeneratorEntry, frozen=True, kw_only=True, tag_field="kind", tag="generator"):
    """A text-to-image model of the catalogue, and whether it is on this machine."""

    state: State
    path: str | None


class ListedVision(VisionEntry, frozen=True, kw_only=True, tag_field="kind", tag="vision"):
    """A vision model of the catalogue, and whether it is on this machine."""

    state: State
    path: str | None


class UnfinishedPull(msgspec.Struct, frozen=True, kw_only=True):
    """The remains of an interrupted pull."""

    repo: str
    """Repository on the hub."""
    models: list[str]
    """Ids of the models that come from it."""
    size: int
    """Bytes."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue: `line-tui models list`."""

    models: list[ListedLanguage | ListedGenerator | ListedVision]
    profiles: list[Profile]
    unfinished: list[UnfinishedPull]


def listing(catalog: Catalog, verdicts: Mapping[str, Verdict], unfinished: Iterable[Unfinished]) -> Listing:
    """The catalogue with the state of each model's files; `verdicts` are by model id."""

    def both(entry: LanguageEntry | GeneratorEntry | VisionEntry) -> dict[str, object]:
        return msgspec.structs.asdict(entry) | {"state": verdicts[entry.id].state, "path": verdicts[entry.id].path}

    return Listing(
        models=[
            *(msgspec.convert(both(entry), ListedLanguage) for entry in catalog.language),
            *(msgspec.convert(both(entry), ListedGenerator) for entry in catalog.generator),
            *(msgspec.convert(both(entry), ListedVision) for entry in catalog.vision),
        ],
        profiles=catalog.profile,
        unfinished=[UnfinishedPull(repo=each.repo, models=each.models, size=each.size) for each in unfinished],
    )
