"""Options and arguments that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from line_tui.config import SEEDS
from line_tui.errors import LineError, UsageError

if TYPE_CHECKING:
    from line_tui.layers import LayerInfo


class Integer(click.IntRange):
    """An `IntRange` that is named after its values, so that errors read "'nan' is not a valid integer"."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises BadParameter for another text, and for a number that is out of range."""
        number: int = click.INT.convert(value, param, ctx)
        assert self.min is not None and self.max is not None
        if not self.min <= number <= self.max:
            self.fail(f"it must be from {self.min} to {self.max}, not {number}", param, ctx)
        return number


class _Seed(click.ParamType[int]):
    """Any integer that the store can hold. Not an `Integer` itself, because help would spell out the range."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return Integer(*SEEDS).convert(value, param, ctx)


SEED = _Seed()


class FilePath(click.Path):
    """A file or folder. An empty name, as of a shell variable that is not set, would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises BadParameter for an empty one."""
        if value == "":
            self.fail(f"the name is empty; name a {self.name}", param, ctx)
        return super().convert(value, param, ctx)


class Target(FilePath):
    """A file or folder to write to. `-` would become one of that name, where users mean stdout."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises BadParameter for `-`."""
        if value == "-":
            self.fail(f"this is not written to stdout; name a {self.name}", param, ctx)
        return super().convert(value, param, ctx)


_DATA = "LINE_TUI_DATA"


def _use(context: click.Context, option: click.Parameter, data: Path | None) -> Path | None:
    """Make `--data` the default folder of subcommands and of the processes that they start."""
    if data is None or context.resilient_parsing:
        return data
    before = os.environ.get(_DATA)
    os.environ[_DATA] = str(data.absolute())
    context.call_on_close(lambda: os.environ.pop(_DATA, None) if before is None else os.environ.update({_DATA: before}))
    return data


data_option = click.option(
    "--data",
    type=Target(file_okay=False, path_type=Path),
    callback=_use,
    metavar="FOLDER",
    help="Folder for runs and pictures, instead of LINE_TUI_DATA or the default.",
)
"""`--data`: another data folder, given before or after a command."""
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""`--json`: exactly one JSON value on stdout."""


def refuse_before_command(context: click.Context) -> None:
    """For groups that are also commands: refuse options before a subcommand's name, which would have no effect.

    Raises UsageError. `--data` is allowed, since it applies to the subcommand too.
    """
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name != "data" and source is ParameterSource.COMMANDLINE:
            command = f"{context.command_path} {context.invoked_subcommand}"
            raise UsageError(
                f"{option.opts[0]} before '{context.invoked_subcommand}' would have no effect",
                f"put it after, where `{command} --help` lists it",
            )


Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completion(candidates: Callable[[click.Context], Iterable[CompletionItem]]) -> Completion:
    """Complete a word with the candidates that start with it; with none if they cannot be read."""

    @wraps(candidates)
    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            return [item for item in candidates(context) if item.value.startswith(begun)]
        except LineError:
            return []

    return complete


@completion
def complete_runs(context: click.Context) -> Iterator[CompletionItem]:
    """Ids of stored runs, with a description."""
    from line_tui.store import Store

    for run in Store.open(context.params.get("data")).runs():
        yield CompletionItem(run.id, help=f"{run.model} {run.layer} {run.neuron} {run.label or run.status}")


@completion
def complete_models(context: click.Context) -> list[CompletionItem]:
    """The vision models of the catalogue."""
    from line_tui.models.catalog import read_catalog

    return [CompletionItem(model.id, help=model.about) for model in read_catalog().vision]


@completion
def complete_profiles(context: click.Context) -> list[CompletionItem]:
    """The profiles of the catalogue."""
    from line_tui.models.catalog import read_catalog

    return [CompletionItem(profile.id, help=profile.about) for profile in read_catalog().profile]


@completion
def complete_layers(context: click.Context) -> list[CompletionItem]:
    """Layers of the given model if they are cached: completion must not wait for torch."""
    return [
        CompletionItem(layer.name, help=f"{layer.kind}, {layer.neurons} neurons") for layer in _listed_layers(context)
    ]


@completion
def complete_neurons(context: click.Context) -> Iterator[CompletionItem]:
    """Numbers and names of the given layer's neurons, and selectors for several."""
    yield CompletionItem("all", help="every neuron of the layer")
    yield CompletionItem("random:20", help="a sample of 20")
    for layer in _listed_layers(context):
        if layer.name == context.params.get("layer"):
            names = dict(enumerate(layer.names))
            yield from (CompletionItem(str(n), help=names.get(n)) for n in range(layer.neurons))
            yield from map(CompletionItem, layer.names)


run_argument = click.argument("run_id", metavar="ID", shell_complete=complete_runs)
"""`ID`: a run's id, or a prefix of it."""
runs_argument = click.argument("run_ids", metavar="[ID]...", nargs=-1, shell_complete=complete_runs)
"""`ID...`: ids of runs, or prefixes of ids."""
model_argument = click.argument("model", shell_complete=complete_models)
layer_argument = click.argument("layer", shell_complete=complete_layers)


def _listed_layers(context: click.Context) -> list[LayerInfo]:
    from line_tui.models.layer_cache import LayerCache

    return LayerCache().read(context.params.get("model") or "") or []
