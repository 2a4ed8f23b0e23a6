"""line-tui from Python: over the fake models, over live ones, and as the tutorial shows it."""

from __future__ import annotations

import csv
import io
import json
import pydoc
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import line_tui
from line_tui.api import Progress, _Engine
from line_tui.engine.in_memory_model import InMemoryModel, InMemoryModels
from line_tui.engine.local import LocalEngine
from line_tui.errors import UnknownNameError, UsageError
from line_tui.store import Store
from tests.engine.fake_engine import FakeSource

OPTIONS: dict[str, Any] = {"strategy": "published", "iterations": 1, "images": 2, "progress": False}
NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("LINE_TUI_LOG", str(tmp_path / "log"))
    (tmp_path / "config.toml").write_text("[engine]\nthreads = 1\n")
    yield
    line_tui.close()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake models in place of the catalogue's."""
    monkeypatch.setattr("line_tui.engine.catalogued.CataloguedModels", FakeSource)


@pytest.mark.usefixtures("fake")
def test_an_explanation_has_all_that_was_found() -> None:
    heard: list[Progress] = []
    found = line_tui.explain("fake", "conv", 0, **OPTIONS | {"iterations": 4, "seed": 5, "progress": heard.append})
    assert found.label == "strawberry" and str(found.neuron) == "fake conv 0"
    assert found.auc is not None and found.auc > 0.9 and found.interval is None
    assert found.concepts[0][0] == "strawberry" and len(found.concepts) == 15
    picture = found.pictures()[0]
    assert picture.size == (24, 24) and picture.getpixel((12, 12))[0] > 200  # type: ignore[index]
    assert json.loads(found.to_json())["label"] == "strawberry"
    (row,) = csv.DictReader(io.StringIO(found.to_csv()))
    assert (row["neuron"], row["explanation"]) == ("0", "strawberry")
    shown = found._repr_html_()
    assert shown.startswith("<iframe") and "strawberry" in shown and "<script" not in shown
    assert "strawberry" in repr(found)
    assert {one.total for one in heard} == {1} and any("drawing" in one.doing for one in heard)


@pytest.mark.usefixtures("fake")
def test_several_neurons_and_the_same_call_again() -> None:
    first = line_tui.explain("fake", "fc", range(2), **OPTIONS)
    again = line_tui.explain("fake", "fc", [1, 0], **OPTIONS)
    assert [one.run_id for one in again] == [one.run_id for one in reversed(first)]


@pytest.mark.usefixtures("fake")
def test_the_bar_writes_nothing_where_it_cannot_be_seen(capsys: pytest.CaptureFixture[str]) -> None:
    line_tui.explain("fake", "fc", 0, **OPTIONS | {"progress": True})
    assert capsys.readouterr() == ("", "fake models loaded\n")


@pytest.mark.usefixtures("fake")
@pytest.mark.skipif(find_spec("ipywidgets") is not None, reason="ipywidgets is installed")
@pytest.mark.filterwarnings("error:install .ipywidgets.")
def test_in_a_notebook_without_widgets_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    line_tui.explain("fake", "fc", 0, **OPTIONS | {"progress": True})


@pytest.mark.usefixtures("fake")
def test_an_interrupt_stops_in_order_and_the_same_call_goes_on() -> None:
    def interrupt(progress: Progress) -> None:
        if "scored" in progress.doing:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        line_tui.explain("fake", "fc", 0, **OPTIONS | {"progress": interrupt})
    store = Store.open()
    (run,) = store.runs()
    assert run.status in ("stopped", "finished")
    assert line_tui.explain("fake", "fc", 0, **OPTIONS).run_id == run.id
    assert [one.status for one in store.runs()] == ["finished"]
    store.close()


SCRIPT = """
import atexit
import line_tui.engine.catalogued as catalogued
from tests.engine.fake_engine import FakeSource

class Source(FakeSource):
    def __init__(self):
        # As Ray does when it is imported; an engine of Ray that ended later would start Ray again.
        atexit.register(lambda: print("engines left:", len(line_tui.api._engines)))

catalogued.CataloguedModels = Source
import line_tui
print(line_tui.explain("fake", "fc", 0, strategy="published", iterations=1, images=2, progress=False).label)
"""


def test_a_script_that_closes_nothing_ends_in_silence() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "fake models loaded\n"
    assert done.stdout.endswith("\nengines left: 0\n")


@pytest.mark.usefixtures("fake")
def test_what_is_wrong_with_a_call_is_an_error_with_a_fix() -> None:
    with pytest.raises(UnknownNameError, match="no layer of fake named 'fd'"):
        line_tui.explain("fake", "fd", 0, **OPTIONS)
    with pytest.raises(UsageError, match="no layer was named"):
        line_tui.explain("fake", None, 0, **OPTIONS)
    with pytest.raises(UsageError, match="needs preprocessing"):
        line_tui.explain(nn.Linear(1, 1), "x", 0, **OPTIONS)
    with pytest.raises(UsageError, match="already has a name and preprocessing"):
        line_tui.explain("fake", "fc", 0, name="mine", **OPTIONS)
    with pytest.raises(UsageError, match="cannot be used with Ray"):
        line_tui.explain(red, None, 0, ray=True, **OPTIONS)
    wrong: list[tuple[str, Any, str]] = [
        ("neuron", "red", "'red' is not the number of a neuron"),
        ("neuron", [0, 1.5], "is not the number of a neuron"),
        ("neuron", None, "is not the number of a neuron"),
        ("seed", 1.5, "Expected `int`, got `float` - at `seed`"),
        ("seed", 2**63, "seed must be from"),
        ("iterations", float("nan"), "at `iterations`"),
        ("iterations", -1, "iterations must be from 0 to 1000, not -1"),
        ("images", 0, "images must be from 1 to 10000, not 0"),
        ("profile", 3, "Expected `str`, got `int` - at `profile`"),
        ("model", 3, "3 is not a model"),
        ("preprocess", "x", "'x' is not preprocessing"),
        ("neuron", 2**63, "neuron must be from"),
        ("neuron", range(10**12), "one call explains at most 100,000 neurons — explain them in parts"),
        ("control", "", "control cannot be '' — give the path of a folder"),
        ("control", 3, "control cannot be 3 — give the path of a folder"),
        ("data", 3, "data cannot be 3 — give the path of a folder"),
        ("ray", 3, "ray cannot be 3 — give True, False or HOST:PORT"),
        ("progress", "x", "progress cannot be 'x' — give True, False or a function"),
    ]
    usual = {"model": red, "layer": None, "neuron": 0} | OPTIONS
    for name, value, told in wrong:
        with pytest.raises(UsageError, match=re.escape(told)):
            line_tui.explain(**usual | {name: value})
    assert Store.open().runs() == []


@pytest.mark.usefixtures("fake")
def test_numbers_of_numpy_are_numbers() -> None:
    one, several = (line_tui.explain("fake", "fc", n, **OPTIONS) for n in (np.int64(0), np.arange(2)))  # type: ignore[call-overload]
    assert one.run_id == several[0].run_id and len(several) == 2


def test_the_package_documents_itself() -> None:
    assert dir(line_tui) == sorted([*line_tui.__all__, "__version__"])
    told = pydoc.render_doc(line_tui.explain)
    assert "Explain one neuron, or several" in told and "seed: 'int' = 0" in told
    assert "List the layers that can be explained" in pydoc.render_doc(line_tui.layers)


class Network(nn.Module):
    """Two layers; its neurons are the mean colours."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.out = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.out(self.pool(x).flatten(1))
        return y


def prepare(picture: Tensor) -> Tensor:
    return picture[:, :24, :24].float() / 255


def red(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pictures.mean((1, 2), dtype=np.float32)[:, :1] / 255


def test_a_live_module_is_named_by_its_weights() -> None:
    torch.manual_seed(0)
    one, other = Network(), Network()
    names = [InMemoryModel(module, prepare, None).make("", None, 4, "cpu").name for module in (one, one, other)]  # type: ignore[arg-type]
    assert names[0] == names[1] != names[2] and names[0].startswith("Network@")
    assert [layer.name for layer in line_tui.layers(one, preprocess=prepare)] == ["pool", "out"]
    vision = InMemoryModel(one, prepare, None).make("", None, 4, "cpu")  # type: ignore[arg-type]
    picture = np.full((24, 24, 3), (255, 0, 51), np.uint8)
    assert np.allclose(vision.record([picture], "pool").activations, [[1.0, 0.0, 0.2]], atol=1e-6)


def test_a_live_module_that_was_trained_or_is_prepared_otherwise_is_another() -> None:
    module = Network()

    def revision(preprocess: Any) -> str:
        return InMemoryModel(module, preprocess, "mine").revision

    usual = revision(lambda picture: prepare(picture))
    assert usual == revision(prepare)
    assert usual != revision(lambda picture: 1 - prepare(picture))
    with torch.no_grad():
        module.out.weight += 1
    assert usual != revision(prepare)


def test_a_stored_result_is_not_taken_for_that_of_another_live_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Any, spec: Any, fixed: Any, on_progress: Any) -> Any:
        loaded = FakeSource().load(spec, fixed, on_progress)
        return replace(loaded, models=replace(loaded.models, vision=self.vision(spec.model, 4)))

    for name, method in {**vars(FakeSource), "load": load}.items():
        if name in ("load", "widened", "lexicon", "vocabulary", "ready_bank"):
            monkeypatch.setattr(f"line_tui.engine.catalogued.CataloguedModels.{name}", method)

    def found(model: Any) -> str:
        return line_tui.explain(model, None, 0, name="mine", **OPTIONS).run_id

    first = found(red)
    assert found(red) == first
    assert found(lambda pictures: 1 - red(pictures)) != first


def test_errors_about_a_live_model_name_nothing_that_only_works_for_the_catalogue() -> None:
    for model, layer, neuron, told in (
        (Network(), "ou", 0, "did you mean out? `line_tui.layers` lists them"),
        (Network(), "out", 2, "layer 'out' of Network has no neuron 2 — choose one from 0 to 1"),
        (red, "x", 0, "no layer of red named 'x' — `line_tui.layers` lists them"),
    ):
        with pytest.raises(UnknownNameError) as raised:
            line_tui.explain(model, layer, neuron, preprocess=None if model is red else prepare, **OPTIONS)
        assert str(raised.value).endswith(told)


def test_live_modules_that_cannot_be_run_are_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="have no shape yet — call it once"):
        line_tui.layers(nn.Sequential(nn.LazyConv2d(8, 3)), preprocess=prepare)
    wrong: list[tuple[Any, str]] = [
        (lambda picture: 1 / 0, "ZeroDivisionError"),
        (lambda picture: picture.float()[None], "not into a tensor of 3 x height x width"),
        (lambda picture: picture.numpy(), "into ndarray, not into a tensor"),
        (lambda picture: prepare(picture) * float("nan"), "not finite"),
    ]
    for preprocess, told in wrong:
        with pytest.raises(UsageError, match=f"{told}.*correct the function given as preprocess"):
            line_tui.layers(Network(), preprocess=preprocess)


def test_a_function_is_a_model_of_one_layer() -> None:
    model = InMemoryModel(red, None, None)
    assert model.layer == "output" and [layer.neurons for layer in model.layers()] == [1]
    assert InMemoryModel(red, None, None).key == model.key != InMemoryModel(lambda x: x, None, None).key
    assert InMemoryModel(red, None, "my model").name == "my-model"


def test_the_tutorial_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its black box has no control set yet, and 200 concepts take a third of a minute to draw.
    monkeypatch.setattr("line_tui.engine.control_set.START", 20)
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert names["found"].label
    assert [run.model for run in Store.open().runs()].count("redness") == 1


def test_an_engine_of_live_models_lists_their_layers(tmp_path: Path) -> None:
    engine = _Engine(lambda store: LocalEngine(store, InMemoryModels(InMemoryModel(red, None, None))), tmp_path)
    try:
        (layer,) = engine._await(engine._executor.layers("red"))
        assert (layer.name, layer.neurons) == ("output", 1)
    finally:
        engine.close()
