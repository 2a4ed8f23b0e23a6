import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from line_tui.engine.client import EngineClient
from line_tui.store import Store

FAKE_ENGINE = (sys.executable, "-m", "tests.engine.fake_engine")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "data")
    yield store
    store.close()


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[EngineClient]:
    client = EngineClient(tmp_path / "data", tmp_path / "engine.log", FAKE_ENGINE)
    await client.start()
    yield client
    await client.close()
