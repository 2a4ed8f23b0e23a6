"""Jobs that are no runs: the same engine does them, with the same models, errors and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from line_tui import events as e
from line_tui.activation_maximization import Maximised
from line_tui.activation_maximization import Request as Maximise
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.engine.model_manager import ModelManager
from line_tui.engine.shared_models import SharedModels
from line_tui.errors import EngineError, LineError, MemoryLimitError, ModelFileError, UnknownNameError, UsageError
from line_tui.evaluate.measuring import evaluate, folder_control, read
from line_tui.evaluate.request import Report, Request
from line_tui.models.loaded import LoadedModels
from line_tui.store import Store
from tests.engine.conftest import process
from tests.engine.fake_engine import FakeSource, Watched
from tests.engine.sessions import SPEC, all_of, until_it_hangs
from tests.fakes import FakeGenerator, FakeVision


@pytest.fixture
def evaluation(tmp_path: Path) -> Request:
    """Two explanations, against a folder of grey pictures."""
    (tmp_path / "grey").mkdir()
    for level in range(40, 200, 20):
        Image.fromarray(np.full((24, 24, 3), level, np.uint8)).save(tmp_path / f"grey/{level}.png")
    (tmp_path / "mine.csv").write_text("neuron,explanation\n0,strawberry\n1,coal\n")
    return Request(
        model="fake", layer="fc", explanations=[str(tmp_path / "mine.csv")], control=str(tmp_path / "grey"), images=6
    )


async def test_an_evaluation_is_that_of_the_bare_models(executor: Executor, evaluation: Request) -> None:
    heard: list[str] = []
    found = await executor.do("evaluate", evaluation, Report, lambda progress: heard.append(progress.text))
    (layer,) = [each for each in FakeSource().layers("fake") if each.name == "fc"]
    files, folder = read(evaluation, layer)
    assert folder is not None
    vision = FakeVision()
    control = folder_control(folder, vision, "fc")
    assert found == evaluate(evaluation, files, control, FakeGenerator(), vision, lambda text: None)
    assert [line for line in heard if line.startswith("drawing")] == ["drawing strawberry", "drawing coal"]


async def test_jobs_and_runs_beside_each_other(executor: Executor, store: Store, evaluation: Request) -> None:
    alone = await executor.do("evaluate", evaluation, Report)
    handle = executor.submit("a", SPEC)
    both = await asyncio.gather(*(executor.do("evaluate", evaluation, Report) for _ in range(3)))
    await all_of(handle)
    assert both == [alone] * 3 and store.run("a").label == "strawberry"


async def test_what_cannot_be_is_reported_as_of_a_run(
    executor: Executor, evaluation: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(job: str, request: msgspec.Struct, kind: type[LineError]) -> str:
        with pytest.raises(kind) as told:
            await executor.do(job, request, Report)
        return str(told.value)

    change = msgspec.structs.replace
    assert "no model named" in await refused("evaluate", change(evaluation, model="fakes"), UnknownNameError)
    assert "no layer of fake" in await refused("evaluate", change(evaluation, layer="fd"), UnknownNameError)
    assert "--control FOLDER" in await refused("evaluate", change(evaluation, control=None), ModelFileError)
    climb = Maximise(model="fake", layer="fc", neuron=0, steps=1, seed=0)
    assert "is a black box" in await refused("maximise", climb, UsageError)
    assert "has no neuron 3" in await refused("maximise", change(climb, neuron=3), UnknownNameError)
    assert "no job named" in await refused("dance", climb, UnknownNameError)
    # After all this it still works.
    assert (await executor.do("evaluate", evaluation, Report)).files[0].auc is not None


@pytest.mark.parametrize(
    ("trouble", "kind", "told"),
    [("memory is gone", MemoryLimitError, "memory is gone"), ("a defect", LineError, "ValueError: a defect")],
)
async def test_what_a_library_raises_ends_a_job_in_one_line(
    tmp_path: Path,
    evaluation: Request,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    kind: type[LineError],
    told: str,
) -> None:
    monkeypatch.setenv("FAKE_ERROR", trouble)
    async with Executor(process(tmp_path, grace=1)) as executor:
        with pytest.raises(kind, match=told):
            await executor.do("evaluate", evaluation, Report)


async def test_a_job_ends_with_its_engine(tmp_path: Path, evaluation: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_HANG", "1")
    engine = process(tmp_path, grace=1)
    async with Executor(engine) as executor:
        job = asyncio.create_task(executor.do("evaluate", evaluation, Report))
        await until_it_hangs(executor)
        await executor.kill(0.1)
        with pytest.raises(EngineError, match="was killed by SIGKILL"):
            await job
    assert not engine.alive


async def test_closing_the_engine_stops_a_job(
    store: Store, evaluation: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DELAY", "0.05")
    drawing = asyncio.Event()
    async with Executor(LocalEngine(store, FakeSource())) as executor:
        job = asyncio.create_task(executor.do("evaluate", evaluation, Report, lambda progress: drawing.set()))
        await drawing.wait()
    with pytest.raises(EngineError):
        await job


def test_a_vision_model_alone_has_no_other_beside_it() -> None:
    source = Watched()
    manager = ModelManager(source)
    spec = e.RunSpec(model="fake", layer="fc", neuron=0)
    manager.lend(spec, None, lambda what: None, lambda shared: None)
    assert source.generators[0]() is not None
    manager.lend_vision_alone("fake", 8, lambda what: None, lambda vision: None)
    assert source.alive_at_load == [0, 0]
    manager.lend(spec, None, lambda what: None, lambda shared: None)
    assert len(source.generators) == 2
    manager.close()


def test_an_error_keeps_no_models_in_memory() -> None:
    def use(shared: SharedModels) -> None:
        generator = shared.loaded.models.generator
        try:
            raise ValueError(generator.name)
        except ValueError as error:
            raise UsageError("no", "stop") from error

    source = Watched()
    manager = ModelManager(source)
    spec = e.RunSpec(model="fake", layer="fc", neuron=0)
    with pytest.raises(UsageError) as caught:
        manager.lend(spec, None, lambda what: None, use)
    manager.lend(msgspec.structs.replace(spec, model="colours"), None, lambda what: None, lambda shared: None)
    assert source.alive_at_load == [0, 0]
    assert isinstance(caught.value.__cause__, ValueError)
    manager.close()


def test_an_error_while_loading_keeps_no_models_in_memory() -> None:
    class Failing(Watched):
        def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
            loaded = super().load(spec, fixed, on_progress)
            assert loaded.models is not None
            error = UsageError("one file is damaged", "fetch it again")
            # As some libraries do it: the error is its own cause.
            raise error from error

    source = Failing()
    manager = ModelManager(source)
    spec = e.RunSpec(model="fake", layer="fc", neuron=0)
    caught = []
    for _ in range(2):
        with pytest.raises(UsageError) as error:
            manager.lend(spec, None, lambda what: None, lambda shared: None)
        caught.append(error)
    assert source.alive_at_load == [0, 0]


async def test_the_bundled_network_is_maximised(store: Store) -> None:
    from line_tui.engine.catalogued import CataloguedModels
    from line_tui.png import decode_png

    steps: list[tuple[int, int]] = []
    request = Maximise(model="emoji-resnet18", layer="avgpool", neuron=7, steps=3, seed=0)
    async with Executor(LocalEngine(store, CataloguedModels())) as executor:
        found = await executor.do(
            "maximise", request, Maximised, lambda progress: steps.append((progress.done, progress.total))
        )
        vision = CataloguedModels().vision("emoji-resnet18", 8)
    assert [step for step in steps if step[1]] == [(1, 3), (2, 3), (3, 3)] and found.vision == vision.name
    picture = decode_png(found.picture)
    assert picture is not None
    seen = vision.record([np.asarray(picture)], "avgpool", 7)
    assert found.activation == pytest.approx(float(seen.activations[0, 7]), abs=1e-6)
