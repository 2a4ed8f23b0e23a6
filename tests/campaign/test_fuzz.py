import random
from pathlib import Path

import pytest

from tests.campaign.fuzz import Fuzzer
from tests.campaign.tally import Tally


def test_a_few_rounds_of_fuzz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LINE_TUI_DATA", "LINE_TUI_LOG", "LINE_TUI_CONFIG", "HF_HUB_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    tally = Tally()
    fuzzer = Fuzzer(tmp_path, random.Random(0), tally)
    for _ in range(20):
        fuzzer.one_round()
    assert len(tally.tried) == 15 and not tally.failures
