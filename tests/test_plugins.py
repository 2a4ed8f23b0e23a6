"""A package that brings a strategy, a vision framework, a generator and an exporter, found by its metadata."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from line_tui import plugins
from line_tui.errors import UsageError
from line_tui.explain.state import fold
from line_tui.models.catalog import Catalog, GeneratorEntry, VisionEntry
from line_tui.models.generators import open_generator
from line_tui.models.model_files import Source
from line_tui.models.vision_loader import load_vision
from line_tui.report.exporters import exporters, write
from line_tui.report.html import About
from tests.report.test_result import EVENTS

ENTRY_POINTS = """
[line_tui.strategies]
first-word = coin_toss.strategy:STRATEGY

[line_tui.vision]
average = coin_toss.vision:average

[line_tui.generators]
flat = coin_toss.generator:Flat

[line_tui.exporters]
txt = coin_toss.exporter:TXT
"""
FILES = {
    "__init__": "",
    "strategy": """
        from line_tui import events as e
        from line_tui.explain.proposals import judge, tried
        from line_tui.explain.steps import Done, MeasureControl, Record
        from line_tui.explain.strategies import Registered

        STRATEGY = Registered(
            name="first-word", title="takes the first word of the control set", metrics=("mean",),
            search_images=lambda state: 0, report_images=0, first_images=lambda spec: 0,
            create="coin_toss.strategy:create",
        )

        class FirstWord:
            def next_step(self, state, gallery):
                if state.outcome is not None:
                    return Done()
                if state.control is None:
                    return MeasureControl()
                return Record([e.Finished(label=state.control.concepts[0], trial=None, reason="it is the first")])

            def judge(self, state, reply):
                return judge(reply, tried(state))

        def create(words):
            return FirstWord()
    """,
    "vision": '''
        import torch
        from line_tui.models.model_files import content, locate
        from line_tui.models.networks import Network
        from line_tui.models.preprocess import classification

        def average(entry):
            """The mean colour."""
            path = locate(entry.source, entry.id)
            make = lambda: torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
            size = entry.options["side"]
            return Network(
                entry.id, classification(size, size, (0, 0, 0), (1, 1, 1)), make, make, lambda: content(path)
            )
    ''',
    "generator": '''
        import numpy as np
        from line_tui.models.generator_names import generator_name

        class Flat:
            """A grey for each seed."""
            on_preview = None

            def __init__(self, folder, entry, device, batch_size):
                self.name = generator_name(folder, entry, device)
                self.prompt_template, self.steps, self.guidance = entry.prompt_template, entry.steps, entry.guidance
                self.size, self.batch_size = entry.size, batch_size

            def draw(self, prompts, seeds, on_step):
                return [np.full((self.size, self.size, 3), seed % 256, np.uint8) for seed in seeds]

            def rehearse(self, batch_size, on_step): ...
            def check_listens(self): ...
            def onload(self): ...
            def offload(self): ...
    ''',
    "exporter": """
        from line_tui.report.exporters import Exporter

        def write(state, result, about, folder):
            path = folder / f"{result.run_id}.txt"
            path.write_text(result.label or "no concept found")
            return path

        TXT = Exporter("the label alone", write)
    """,
}


def install(folder: Path, entry_points: str = ENTRY_POINTS) -> None:
    (folder / "coin_toss").mkdir()
    for name, text in FILES.items():
        (folder / "coin_toss" / f"{name}.py").write_text(textwrap.dedent(text))
    metadata = folder / "coin_toss-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: coin-toss\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_points)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages that Python sees."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    plugins._found.cache_clear()
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "coin_toss"]:
        del sys.modules[name]
    plugins._found.cache_clear()


def test_a_strategy_of_a_plug_in_is_listed_and_runs(site: Path) -> None:
    install(site)
    program = """
        from line_tui.explain import strategies
        from line_tui.explain.word_similarity import Lexicon
        from tests.explain.runs import Run
        from tests.fakes import FakeEmbedder
        strategy = strategies.find("first-word").make(strategies.Words(FakeEmbedder(), Lexicon))
        state = Run(strategy=strategy, kind="first-word", metric="mean").go()
        print(strategies.NAMES[0], strategies.NAMES[-1], strategy.judge(state, "A cat.").concept, state.outcome.reason)
    """
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(site)!r}]\n{textwrap.dedent(program)}"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "adaptive first-word cat it is the first\n", done.stderr


def test_a_broken_strategy_of_a_plug_in_stops_only_runs_that_name_it(site: Path) -> None:
    install(site, "[line_tui.strategies]\nadaptive = coin_toss.strategy:STRATEGY\nsecond-word = coin_toss.absent:IT")
    program = """
        import sys
        from line_tui.cli import run
        from line_tui.explain import strategies
        print({"adaptive", "quick", "second-word"} & {each.name for each in strategies.usable()})
        sys.exit(run(["explain", "emoji-resnet18", "fc", "3", "--strategy", "second-word"]))
    """
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(site)!r}]\n{textwrap.dedent(program)}"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "{'quick'}\n" and done.returncode == 2
    assert done.stderr.startswith("error: the plug-in 'second-word' of coin-toss cannot be used: ModuleNotFoundError")


def test_a_vision_framework_of_a_plug_in_opens_its_entries(site: Path, tmp_path: Path) -> None:
    install(site)
    (tmp_path / "weights.bin").write_bytes(b"x")
    source = Source(path=str(tmp_path / "weights.bin"))
    entry = VisionEntry(id="grey", source=source, format="average", options={"side": 8})
    vision = load_vision("grey", Catalog(vision=[entry]), 2, "cpu")
    picture = np.full((16, 16, 3), (255, 0, 51), np.uint8)
    assert np.allclose(vision.record([picture], "1").activations, [[1.0, 0.0, 0.2]], atol=1e-6)
    with pytest.raises(ValueError, match=r"format must be one of weights, .*, average"):
        VisionEntry(id="grey", source=source, format="averege")


def test_a_generator_of_a_plug_in_draws(site: Path, tmp_path: Path) -> None:
    install(site)
    entry = GeneratorEntry(
        id="grey", source=Source(path=str(tmp_path)), format="flat", steps=1, guidance=0, size=8, options={"dark": True}
    )
    generator = open_generator(tmp_path, entry, "cpu", 4)
    assert generator.draw(["a"], [7], lambda step, steps: None)[0][0, 0, 0] == 7
    assert generator.name != open_generator(tmp_path, msgspec.structs.replace(entry, options={}), "cpu", 4).name


def test_an_exporter_of_a_plug_in_writes(site: Path, tmp_path: Path) -> None:
    install(site)
    assert [list(exporters())[n] for n in (0, -1)] == ["html", "txt"]
    assert write(fold(EVENTS), About(), "txt", tmp_path / "out").read_text() == "rose"


def test_a_plug_in_whose_code_fails_is_named(site: Path, tmp_path: Path) -> None:
    install(site)
    exporter = site / "coin_toss/exporter.py"
    exporter.write_text(exporter.read_text().replace("result.label or", "None and"))
    with pytest.raises(UsageError, match=r"the plug-in 'txt' of coin-toss cannot be used: TypeError: .* — update"):
        write(fold(EVENTS), About(), "txt", tmp_path / "out")


@pytest.mark.parametrize(
    ("entry_points", "cause"),
    [
        ("[line_tui.exporters]\ntxt = coin_toss.absent:TXT", "No module named 'coin_toss.absent'"),
        ("[line_tui.exporters]\ntxt = coin_toss.exporter:write", "it is a function, not Exporter"),
        ("[line_tui.exporters]\npng = coin_toss.exporter:TXT", "line-tui has a 'png' of its own"),
    ],
)
def test_a_broken_plug_in_is_named_with_the_fix(site: Path, entry_points: str, cause: str) -> None:
    install(site, entry_points)
    with pytest.raises(UsageError) as raised:
        exporters()
    assert cause in str(raised.value) and "coin-toss cannot be used" in str(raised.value)
    assert raised.value.fix == "update coin-toss, or uninstall it"
