from collections.abc import Collection
from typing import Any, Literal

import pytest
import torch
from torch import nn

from line_tui.models.pooling import Evidence, choose_pooling, count_neurons, first_tensor, neuron_maps, pool

CLASS_TOKEN = Evidence(class_token=True, prefix=1, patches=frozenset({196, 256, 48}))
REGISTERS = Evidence(class_token=True, prefix=5, patches=frozenset({4, 256}))
ONLY_REGISTERS = Evidence(prefix=4, patches=frozenset({196}))


@pytest.mark.parametrize(
    ("shape", "evidence", "expected"),
    [
        ((2, 197, 768), Evidence(), "token-0"),
        ((2, 197, 768), CLASS_TOKEN, "token-0"),
        ((2, 196, 768), CLASS_TOKEN, "token-mean"),  # before the class token joins, as in CaiT
        ((2, 49, 768), CLASS_TOKEN, "token-0"),  # 6 x 8 patches and a class token, which is 7 x 7
        ((2, 261, 384), REGISTERS, "token-0"),
        ((2, 9, 384), REGISTERS, "token-0"),  # 2 x 2 patches, four registers and a class token, which is 3 x 3
        ((2, 200, 384), ONLY_REGISTERS, "token-mean-after-4"),
        ((2, 196, 768), Evidence(), "token-mean"),
        ((2, 1, 768), CLASS_TOKEN, "token-0"),
    ],
)
def test_tokens(shape: Any, evidence: Any, expected: Any) -> None:
    assert choose_pooling(shape, None, None, evidence) == expected
    assert choose_pooling(shape, frozenset({1}), frozenset({1}), evidence) == expected
    assert choose_pooling(shape, frozenset({2}), frozenset({2}), evidence) is None  # channels by tokens


@pytest.mark.parametrize(
    ("shape", "rows", "kind", "expected"),
    [
        ((2, 768, 1), (), "unknown", None),  # pooled maps, as Swin of transformers has them
        ((2, 768, 1), None, "channels-first", None),
        ((2, 64, 49), None, "channels-first", None),  # a convolution over a length
        ((2, 196, 1), {1}, "unknown", "token-mean"),  # one neuron a patch
        ((2, 196, 1), None, "channels-last", "token-mean"),
        ((2, 768, 196), None, "unknown", None),  # space, flattened
        ((2, 768, 196), None, "channels-last", None),  # what a mixer has mixed over its patches
        ((2, 196, 768), None, "channels-last", "token-mean"),
        ((2, 197, 196), None, "unknown", "token-0"),  # as many channels as patches
    ],
)
def test_channels_before_a_length_are_no_tokens(
    shape: tuple[int, ...],
    rows: Collection[int] | None,
    kind: Literal["channels-first", "channels-last", "unknown"],
    expected: str | None,
) -> None:
    axes = None if rows is None else frozenset(rows)
    assert choose_pooling(shape, axes, axes, CLASS_TOKEN, kind) == expected


KNOWN = Evidence(maps=frozenset({(64, 7, 7)}), maps_last=frozenset({(49, 64, 64), (7, 7, 7)}))


@pytest.mark.parametrize(
    ("shape", "rows", "columns", "kind", "expected"),
    [
        ((2, 10), None, None, "unknown", "as-is"),
        ((2, 10), {1}, {1}, "unknown", None),  # flattened space
        ((2, 64, 56, 56), {2}, {3}, "unknown", "spatial-mean"),
        ((2, 56, 56, 96), {1}, {2}, "unknown", "spatial-mean-channels-last"),
        ((2, 56, 96, 56), {1}, {3}, "unknown", None),
        ((2, 64, 49, 64), {1}, {1}, "unknown", None),  # windows
        ((2, 64, 49, 64), {1}, {1}, "channels-last", "spatial-mean-channels-last"),
        ((2, 8, 197, 197), {2, 3}, {2, 3}, "unknown", None),  # attention
        ((2, 512, 1, 1), None, None, "unknown", "spatial-mean"),
        ((2, 64, 7, 7), None, None, "unknown", "spatial-mean"),
        ((2, 49, 64, 64), None, None, "unknown", "spatial-mean-channels-last"),
        ((2, 5, 8, 8), None, None, "unknown", None),
        ((2, 5, 8, 8), None, None, "channels-first", "spatial-mean"),
        ((2,), None, None, "unknown", None),
        ((2, 3, 4, 5, 6), None, None, "unknown", None),
    ],
)
def test_maps(shape: Any, rows: Any, columns: Any, kind: Any, expected: Any) -> None:
    rows, columns = (None if axes is None else frozenset(axes) for axes in (rows, columns))
    assert choose_pooling(shape, rows, columns, KNOWN, kind) == expected


def test_exact_numbers() -> None:
    output = torch.arange(24.0).reshape(2, 3, 2, 2)
    assert pool(output, "spatial-mean").tolist() == [[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]]
    assert pool(output, "spatial-mean-channels-last").tolist() == [[5.0, 6.0], [17.0, 18.0]]
    tokens = output.reshape(2, 3, 4)
    assert pool(tokens, "token-0").tolist() == [[0, 1, 2, 3], [12, 13, 14, 15]]
    assert pool(tokens, "token-mean").tolist() == [[4, 5, 6, 7], [16, 17, 18, 19]]
    assert pool(tokens, "token-mean-after-1").tolist() == [[6, 7, 8, 9], [18, 19, 20, 21]]
    assert pool(output.reshape(2, 12), "as-is").tolist() == output.reshape(2, 12).tolist()


def test_maps_belong_to_the_neuron() -> None:
    output = torch.arange(24.0).reshape(2, 3, 2, 2)
    maps = neuron_maps(output, "spatial-mean", 1)
    assert maps is not None and maps.tolist() == [[[4, 5], [6, 7]], [[16, 17], [18, 19]]]
    last = neuron_maps(output, "spatial-mean-channels-last", 1)
    assert last is not None and last[0].tolist() == [[1, 3], [5, 7], [9, 11]]
    assert neuron_maps(output.reshape(2, 12), "as-is", 1) is None


@pytest.mark.parametrize("pooling", ["as-is", "token-0", "spatial-mean"])
def test_pooled_values_survive_a_later_in_place_change(pooling: str) -> None:
    output = torch.full({"as-is": (2, 3), "token-0": (2, 3, 4), "spatial-mean": (2, 3, 4, 4)}[pooling], -1.0)
    pooled = pool(output, pooling)
    nn.functional.relu_(output)
    assert (pooled == -1).all()


def test_neurons_are_counted_on_the_pooled_axis() -> None:
    for shape, pooling in [((2, 5, 3, 4), "spatial-mean"), ((2, 3, 4, 5), "spatial-mean-channels-last")]:
        assert count_neurons(shape, pooling) == pool(torch.zeros(shape), pooling).shape[1] == 5


def test_first_tensor_of_what_modules_return() -> None:
    tensor = torch.zeros(1)
    assert first_tensor(tensor) is tensor
    assert first_tensor((None, tensor)) is tensor
    assert first_tensor({"logits": tensor}) is tensor
    assert first_tensor("nothing") is None
