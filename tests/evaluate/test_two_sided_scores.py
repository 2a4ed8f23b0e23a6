import numpy as np

from line_tui.evaluate.two_sided_scores import Detected, detect, sanity


def layer() -> np.ndarray:
    """400 pictures, the first 40 of which show a concept that neurons 0 and 1 respond to; 2 to 9 are noise."""
    activations = np.random.default_rng(0).normal(0, 0.3, (400, 10)).astype(np.float32)
    activations[:40, :2] += 2
    activations[:40, 1] += np.random.default_rng(1).normal(0, 1, 40)
    return activations


def test_the_right_explanation_is_right_on_both_sides() -> None:
    control = layer()
    right, wrong = detect(control[:20], control, 0), detect(control[100:120], control, 0)
    assert right is not None and wrong is not None
    assert right.correlation > 0.6 > 0.2 > wrong.correlation
    assert right.auprc > 0.7 > 0.4 > wrong.auprc and right.f1 > 0.5 > 0.4 > wrong.f1


def test_a_neuron_without_neighbours_has_no_detector() -> None:
    control = layer()[:, :1]
    assert detect(control[:20], control, 0) is None


def test_what_all_drawn_pictures_share_is_no_part_of_a_concept() -> None:
    control = layer()
    drawn = np.concatenate([control[:20], control[100:120], control[200:220]])
    drawn[:, 5] += 3
    found = detect(drawn[:20], control, 0, drawn)
    assert found is not None and found.correlation > 0.6


def test_auc_and_mad_do_not_notice_a_narrow_explanation_and_the_two_sided_ones_do() -> None:
    rng = np.random.default_rng(0)
    detected = []
    for _ in range(10):
        shown = np.zeros(600, np.float32)
        shown[rng.choice(600, 60, replace=False)] = 1
        detected.append(Detected(shown * 3 + rng.normal(0, 0.6, 600).astype(np.float32), shown))
    found = {one.metric: one for one in sanity(detected)}
    assert found["auc"].missing_falls < 0.5 and not found["auc"].passes
    assert all(found[name].passes for name in ("correlation", "auprc", "f1"))
    wrong = Detected(np.random.default_rng(1).normal(size=600).astype(np.float32), detected[0].shown)
    assert sanity([*detected, wrong]) == sanity(detected)
    assert sanity([wrong]) == sanity([]) == []
