"""`line-tui evaluate`: scores explanations of a layer."""

from __future__ import annotations

from pathlib import Path

import click

from line_tui.cli.options import SEED, FilePath, Integer, complete_profiles, json_option, layer_argument, model_argument
from line_tui.cli.output import print_data, print_json
from line_tui.config import MAX_IMAGES
from line_tui.errors import UsageError


@click.command()
@model_argument
@layer_argument
@click.option(
    "--explanations",
    "files",
    type=FilePath(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    required=True,
    metavar="FILE.csv",
    help="CSV file of explanations; repeat to compare files.",
)
@click.option(
    "--control",
    type=FilePath(exists=True, file_okay=False, resolve_path=True),
    metavar="FOLDER",
    help="Folder of natural images as control set (as in CoSy), instead of the bundled bank.",
)
@click.option(
    "--profile", default="demo", show_default=True, shell_complete=complete_profiles, help="Profile of models to use."
)
@click.option("--images", type=Integer(2, MAX_IMAGES), default=50, show_default=True, help="Images per explanation.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="The same seed draws the same images.")
@click.option("--sanity", is_flag=True, help="Check which metrics notice a wrong explanation on this layer.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def evaluate(
    model: str,
    layer: str,
    files: tuple[Path, ...],
    control: str | None,
    profile: str,
    images: int,
    seed: int,
    sanity: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Score explanations of a layer's neurons.

    AUC and MAD ask whether the explanation drives the neuron. Correlation, AUPRC and F1 also ask whether the
    explanation is what drives the neuron. --sanity shows which of them notice a wrong explanation on this layer.

    Reads CSV files with the columns `neuron,explanation`, and those of CLIP-Dissect, MILAN and INVERT. If a neuron
    occurs several times, its explanations are compared with each other.

    Without --control, the columns are named `auc_bank` and `mad_bank`: these scores cannot be compared with CoSy's.

    \b
    Examples:
      line-tui evaluate emoji-resnet18 fc --explanations mine.csv --sanity
      line-tui evaluate resnet50 avgpool --explanations a.csv --explanations b.csv --control val/ --profile laptop
    """
    from line_tui.cli.engine_query import ask
    from line_tui.consoles import PlainConsole
    from line_tui.evaluate.printing import print_skipped, print_tables, to_csv
    from line_tui.evaluate.request import Report, Request

    if as_json and as_csv:
        raise UsageError("--json and --csv were both given", "choose one")
    for file in files:
        if not file.is_file():
            # The engine reads the file, and has no access to this process's pipes.
            raise UsageError(f"{file} is not a regular file", "save it as a file first")
    request = Request(
        model=model,
        layer=layer,
        explanations=[str(file.resolve()) for file in files],
        control=control,
        profile=profile,
        images=images,
        seed=seed,
        sanity=sanity,
    )
    console = PlainConsole(stderr=True)
    report = ask(lambda engine: engine.do("evaluate", request, Report, lambda at: console.print_line(at.text)))
    print_skipped(report, console)
    if as_json:
        print_json(report)
    elif as_csv:
        print_data(to_csv(report))
    else:
        print_tables(report)
