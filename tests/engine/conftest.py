import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from line_tui.engine.client import EngineClient
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.store import Store
from tests.engine.fake_engine import FakeSource

FAKE_ENGINE = (sys.executable, "-m", "tests.engine.fake_engine")


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[EngineClient]:
    client = await begun(tmp_path)
    yield client
    await client.close()


@pytest_asyncio.fixture(params=["local", "process"])
async def executor(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> AsyncIterator[Executor]:
    """An engine in this process, and one in a process of its own."""
    engine = LocalEngine(store, FakeSource()) if request.param == "local" else process(tmp_path)
    async with Executor(engine) as executor:
        yield executor


async def begun(tmp_path: Path) -> EngineClient:
    """An engine process, started in the environment as it is now."""
    client = process(tmp_path)
    await client.start()
    return client


def process(tmp_path: Path, command: tuple[str, ...] = FAKE_ENGINE, grace: float = 5.0) -> EngineClient:
    return EngineClient(tmp_path / "data", tmp_path / "engine.log", command, grace)
