import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.seeds import derive, image_seed, proposal_seed


@pytest.mark.processes
def test_the_same_in_another_process() -> None:
    code = "from line_tui.explain.seeds import image_seed; print(image_seed(7, 'red apple', 3))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == image_seed(7, "red apple", 3)


def test_parts_do_not_run_together() -> None:
    assert derive("ab", "c") != derive("a", "bc")
    assert derive("1", "2") != derive("12")


@given(st.integers(), st.text(), st.integers(0, 1000))
def test_fits_the_libraries(run: int, concept: str, index: int) -> None:
    assert 0 <= image_seed(run, concept, index) < 2**63
    assert 0 <= proposal_seed(run, index, index) < 2**31


def test_images_of_a_concept_differ() -> None:
    assert len({image_seed(0, "dog", index) for index in range(500)}) == 500
