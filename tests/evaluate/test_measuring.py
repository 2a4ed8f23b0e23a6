from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from line_tui.errors import UsageError
from line_tui.evaluate.explanations import Explanation, Explanations
from line_tui.evaluate.measuring import Control, evaluate, folder_control
from line_tui.evaluate.request import Report, Request
from line_tui.models.picture_folder import open_folder
from tests.explain.runs import bank
from tests.fakes import FakeGenerator, FakeVision


def report(*files: list[Explanation], **request: object) -> Report:
    fields: dict[str, object] = {"model": "fake", "layer": "fc", "explanations": [], "images": 10, **request}
    control = np.stack([bank(neuron).activations.ravel() for neuron in range(3)], axis=1)
    read = [Explanations(Path(f"{n}.csv"), rows, [], 0) for n, rows in enumerate(files)]
    generator = FakeGenerator()
    return evaluate(
        Request(**fields),  # type: ignore[arg-type]
        read,
        Control("fake-bank", control, generator.prompt_template),
        generator,
        FakeVision(),
        lambda text: None,
    )


def test_the_right_explanation_scores_high_and_a_wrong_one_low() -> None:
    found = report([Explanation(0, "strawberry"), Explanation(1, "coal")])
    right, wrong = found.files[0].scored
    assert right.auc == 1 and right.mad > 2 and right.ci_low > 0.7
    assert wrong.auc < 0.2 and wrong.p_value > 0.9
    assert found.files[0].auc == pytest.approx((right.auc + wrong.auc) / 2)


def test_against_the_bank_the_scores_are_not_called_cosys() -> None:
    rows = [Explanation(0, "strawberry")]
    assert report(rows).metrics == ("auc_bank", "mad_bank")
    assert report(rows, control="folder").metrics == ("auc", "mad")


def test_two_files_are_compared_neuron_by_neuron() -> None:
    right = [Explanation(0, "strawberry"), Explanation(1, "frog"), Explanation(2, "ocean")]
    wrong = [Explanation(0, "coal"), Explanation(1, "coal"), Explanation(2, "coal")]
    (pair,) = report(right, wrong).compared
    assert (pair.first, pair.second, pair.neurons) == ("0.csv", "1.csv", 3)
    assert pair.difference > 0.8
    assert pair.p_value == pytest.approx(0.25)


def test_two_explanations_of_one_neuron_are_compared_with_each_other() -> None:
    rows = [Explanation(0, "coal"), Explanation(1, "frog"), Explanation(0, "strawberry")]
    found = report(rows, [Explanation(0, "coal"), Explanation(1, "frog")])
    several, single = found.files
    assert [(one.neuron, one.explanation) for one in several.scored] == [(0, "coal"), (0, "strawberry"), (1, "frog")]
    (rivals,) = several.rivals
    assert (rivals.neuron, rivals.first, rivals.second) == (0, "coal", "strawberry")
    # Coal is dark, and the neuron is the mean of red.
    assert rivals.auc == 0 and rivals.ci_high < 0.5
    assert single.rivals == []
    # Between files the first explanation counts, which is the same here.
    assert found.compared[0].neurons == 2 and found.compared[0].difference == 0


def test_a_text_is_drawn_once_for_all_neurons_and_files() -> None:
    drawn: list[str] = []

    class Counting(FakeGenerator):
        def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: Any) -> Any:
            drawn.extend(prompts)
            return super().draw(prompts, seeds, on_step)

    rows = [Explanation(0, "rose"), Explanation(1, "rose")]
    read = [Explanations(Path("a.csv"), rows, [], 0), Explanations(Path("b.csv"), rows, [], 0)]
    request = Request(model="fake", layer="fc", explanations=[], images=6)
    control = Control("bank", np.zeros((4, 3), np.float32), "{concept}")
    evaluate(request, read, control, Counting(), FakeVision(), lambda text: None)
    assert drawn == ["rose"] * 6


def test_a_folder_of_pictures_is_looked_at_and_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for n in range(3):
        Image.fromarray(np.full((24, 24, 3), 80 * n, np.uint8)).save(tmp_path / f"{n}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    control = folder_control(open_folder(tmp_path), FakeVision(), "fc")
    assert control.activations.shape == (3, 3)
    assert control.activations[2, 0] == pytest.approx(160 / 255, abs=1e-5)
    assert len(control.skipped) == 1 and "broken.png" in control.skipped[0]


def test_a_folder_without_a_readable_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match="can be read"):
        folder_control(open_folder(tmp_path), FakeVision(), "fc")


def test_the_two_sided_scores_and_the_sanity_checks() -> None:
    found = report([Explanation(0, "strawberry"), Explanation(1, "coal")], sanity=True)
    right, wrong = found.files[0].scored
    assert right.correlation is not None and wrong.correlation is not None
    assert found.files[0].correlation == pytest.approx((right.correlation + wrong.correlation) / 2)
    assert found.sanity is not None
    assert [one.metric for one in found.sanity] == ["auc", "mad", "correlation", "auprc", "f1"]
    assert report([Explanation(0, "strawberry")]).sanity is None
