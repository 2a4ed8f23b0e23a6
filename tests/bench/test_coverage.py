from line_tui.bench.coverage import FURTHER, Measurement, simulate, summarise


def test_the_interval_covers_about_what_its_theory_expects() -> None:
    everything = summarise(list(simulate(runs=6, seed=0)))[-1]
    assert everything.measurements > 200
    assert abs(everything.of_further - everything.expected) < 0.05
    assert 0.9 < everything.of_truth <= 1


def test_strata_are_counted_apart() -> None:
    ones = [Measurement(0.5, True, False, 0.9, 0.1), Measurement(0.93, True, True, 0.9, 0.2)]
    ones += [Measurement(0.96, False, True, 0.9, 0.2), Measurement(0.995, True, True, 0.9, 0.2)]
    found = summarise(ones)
    assert [one.measurements for one in found] == [1, 1, 1, 1, 4]
    assert found[0].of_further == 0 and found[2].of_truth == 0
    assert found[-1].of_further == 0.75
    assert FURTHER == 500
