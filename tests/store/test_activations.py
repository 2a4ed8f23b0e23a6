import numpy as np

from line_tui.store import Store
from line_tui.store.activations import View


def test_vectors_come_back_by_image_and_view(store: Store) -> None:
    view, other = View("resnet@1", "fc", "none"), View("resnet@1", "layer4", "mean")
    vectors = {"a": np.array([0.5, 1.25], np.float32), "b": np.array([-3, 0.1], np.float32)}
    store.activations.put(view, vectors)
    store.activations.put(view, {"a": np.array([0.75, 2], np.float32)})
    found = store.activations.get(view, ["a", "b", "c"])
    assert found["a"].tolist() == [0.75, 2] and set(found) == {"a", "b"}
    assert np.array_equal(found["b"], vectors["b"])
    assert store.activations.get(other, ["a"]) == {}
