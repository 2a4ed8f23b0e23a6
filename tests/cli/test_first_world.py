"""A run that was recorded with the bundled models of before: it is read, replayed, and says what it was made with."""

import gzip
import json
from pathlib import Path

from line_tui.events import durable
from line_tui.explain.state import fold
from line_tui.store import Store
from line_tui.tui.replay import Player
from tests.cli.conftest import Call

RUN = "20261126-x9h67"
GENERATOR = "emoji-diffusion@05fd17c9ff2d"


def recorded(tmp_path: Path) -> None:
    kept = Path(__file__).parents[1] / "store/kept/first-world.db.gz"
    (tmp_path / "data").mkdir()
    (tmp_path / "data/line.db").write_bytes(gzip.decompress(kept.read_bytes()))


def test_it_is_shown_and_exported(call: Call, tmp_path: Path) -> None:
    recorded(tmp_path)
    assert RUN in call("runs").out
    shown = call("runs", "show", RUN)
    assert shown.code == 0 and shown.out.startswith("zoo\n") and GENERATOR in shown.out
    assert json.loads(call("runs", "show", RUN, "--json").out)["settings"]["generator"] == GENERATOR
    assert call("runs", "export", RUN, "--format", "html", "--to", str(tmp_path / "page")).code == 0
    (page,) = (tmp_path / "page").rglob(f"*{RUN}*.html")
    assert GENERATOR in page.read_text()


def test_it_is_replayed(tmp_path: Path) -> None:
    recorded(tmp_path)
    store = Store.open(tmp_path / "data")
    envelopes = store.events(RUN)
    store.close()
    playing = Player(RUN, envelopes)
    while not playing.at_end:
        playing.tick(10)
    state = playing.snapshot.state
    assert state == fold(durable(envelopes)) and state is not None
    assert state.outcome is not None and state.outcome.label == "zoo"
