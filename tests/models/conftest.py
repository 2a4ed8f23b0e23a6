from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.models import tiny


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's tiny pipeline, each made once; no test may change it."""
    return cache(lambda family: tiny.make(family, tmp_path_factory.mktemp("pipeline")))
