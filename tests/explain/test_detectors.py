import numpy as np
import pytest

from line_tui.explain import detectors
from line_tui.explain.detectors import held_out, shown, usable_features, whitening


def pictures(count: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, width)) @ rng.normal(size=(width, width))).astype(np.float32)


def test_near_copies_and_dead_neurons_are_no_features() -> None:
    layer = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
    layer[:, 1] = 3 * layer[:, 0] + 0.1 * layer[:, 2]
    layer[:, 3] = -layer[:, 0]
    layer[:, 4] = 7
    assert usable_features(layer, 0).tolist() == [2, 5]
    assert usable_features(layer, None).tolist() == [0, 1, 2, 3, 5]


def test_whitened_pictures_have_nearly_the_same_variance_everywhere() -> None:
    layer = pictures(500, 8)
    rows = whitening(layer)(layer)
    covariance = rows.T @ rows / len(rows)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-3
    # Directions of less variance than the ridge stay small.
    assert np.diag(covariance).max() <= 1.01 and np.median(np.diag(covariance)) > 0.5


def test_wide_and_narrow_layers_are_the_same_method() -> None:
    # The discriminant by its definition, with the matrix of the layer's square that the wide form never builds.
    layer, new = pictures(40, 60), pictures(3, 60, seed=1)
    whiten = whitening(layer)
    assert whiten.directions.shape[1] < 60
    z = (layer - layer.mean(axis=0)) / layer.std(axis=0)
    inverse = np.linalg.inv(z.T @ z / len(z) + detectors.RIDGE * np.eye(60))
    centre = ((new - layer.mean(axis=0)) / layer.std(axis=0)).mean(axis=0)
    assert whiten(layer) @ whiten(new).mean(axis=0) == pytest.approx(z @ inverse @ centre, abs=0.05)


def test_a_layer_of_fifty_thousand_features_costs_no_square_of_its_width() -> None:
    layer = np.random.default_rng(0).normal(size=(60, 50_000)).astype(np.float32)
    assert whitening(layer).directions.shape == (50_000, 59)


def test_a_detector_shows_its_own_concept() -> None:
    rng = np.random.default_rng(0)
    layer = rng.normal(size=(300, 10)).astype(np.float32)
    layer[:30, 0] += 4
    rows = whitening(layer)(layer)
    seen = shown(rows, rows[:15].mean(axis=0, keepdims=True))[:, 0]
    assert seen[15:30].mean() > 0.5 > 0.3 > seen[30:].mean()
    assert np.all((seen > 0) & (seen < 1))


def test_a_picture_is_judged_by_detectors_of_the_others() -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(size=(5, 4)).astype(np.float32)
    judged = held_out(own)
    assert judged is not None
    centre = own[1:].mean(axis=0)
    assert judged.along[0] == pytest.approx(own[0] @ centre / (centre @ centre), rel=1e-3)
    assert held_out(own[:1]) is None


def test_a_held_out_picture_takes_its_weight_with_it() -> None:
    own = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    judged = held_out(own, np.array([0.5, 0.25, 0.25], np.float32))
    assert judged is not None
    centre = (2 * own[0] + own[1]) / 3
    assert judged.along[2] == pytest.approx(own[2] @ centre / (centre @ centre), rel=1e-3)
