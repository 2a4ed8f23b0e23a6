"""The bundled models, all real: label a neuron, be killed, and come to the same result."""

from pathlib import Path

from line_tui.store import Store
from tests.e2e.conftest import ONE_SENSE
from tests.engine.sessions import decisive, run_through, state_of


async def test_a_killed_run_comes_to_the_same_result(tmp_path: Path, finished_runs: Path) -> None:
    whole = Store.open(finished_runs)
    run = next(run for run in whole.runs() if run.neuron == ONE_SENSE)
    assert await run_through(tmp_path / "killed", whole.spec(run.id), [60], None) == 2
    killed = Store.open(tmp_path / "killed")
    assert decisive(whole, run.id) == decisive(killed, "a")
    state = state_of(whole, run.id)
    assert state.outcome is not None
    assert state.calls >= 1 and state.language.completion_tokens > 0
    assert state.control_images == 0, "the shipped bank must fit the shipped models"
    for trial in state.trials.values():
        activations = [image.activation for image in trial.images]
        assert len(set(activations)) == len(activations), "seeds must draw different pictures"
        # Nothing is shared between the two folders, so equal pictures were drawn twice.
        for image in trial.images:
            mine, theirs = (store.images.read(image.image.identity) for store in (whole, killed))
            assert mine is not None and theirs is not None and (mine == theirs).all()
