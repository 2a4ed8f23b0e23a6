from __future__ import annotations

from collections.abc import Callable

import pytest

from line_tui import events as e
from line_tui.engine.previews import previewed
from tests.fakes import FakeGenerator


class Previewed(FakeGenerator):
    on_preview: Callable[[list[bytes]], None] | None = None


def test_previews_become_events_while_the_run_is_watched() -> None:
    generator, shown = Previewed(), list[e.EphemeralEvent]()
    with pytest.raises(RuntimeError), previewed(generator, shown.append):
        assert generator.on_preview is not None
        generator.on_preview([b"rgb"])
        raise RuntimeError("the run fails")
    assert shown == [e.Preview(pictures=[b"rgb"])]
    assert generator.on_preview is None


def test_a_generator_without_previews_draws_unseen() -> None:
    generator = FakeGenerator()
    with previewed(generator, lambda event: pytest.fail()):
        pass
    assert not hasattr(generator, "on_preview")
