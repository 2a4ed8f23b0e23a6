"""Vision models through PyTorch: pictures in, pooled activations of any layer out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from line_tui.errors import LineError, UsageError
from line_tui.explain.ports import Picture, Recording
from line_tui.layers import LayerInfo, find_layer, find_neuron
from line_tui.models.determinism import repeatable
from line_tui.models.layers import dtype_of, hooked, list_layers
from line_tui.models.out_of_memory import out_of_memory_as
from line_tui.models.pooling import Pooling, first_tensor, neuron_maps, pool, record_batches
from line_tui.models.preprocess import Preprocess
from line_tui.models.vision_checks import finite
from line_tui.neuron import Neuron


class TorchVision:
    """A network with its preprocessing. Forward hooks read the activations; layers have their modules' names.

    Pictures are processed in batches of one fixed size, since the last digits of the outputs depend on it; the last
    batch is padded with copies of its last picture.
    """

    def __init__(
        self,
        model: nn.Module,
        name: str,
        preprocess: Preprocess,
        *,
        revision: str = "",
        neuron_names: list[str] | None = None,
        batch_size: int = 8,
        device: str = "cpu",
    ) -> None:
        self.name = f"{name}@{revision}" if revision else name
        self._name = name
        self.batch_size = batch_size
        self._model = model.to(device).eval()
        self._preprocess = preprocess
        self._neuron_names = neuron_names
        self._device = device

    @cached_property
    def layers(self) -> list[LayerInfo]:
        """All layers that can be explained, in the order in which they finish."""
        return list_layers(self._model, self._preprocess.shape, self._neuron_names)

    def check(self, layer: str, neuron: int | None = None) -> LayerInfo:
        """The entry of a layer. Raises UnknownNameError for an unknown layer or neuron."""
        exists = bool(layer) and layer in dict(self._model.named_modules())
        if neuron is None:
            return find_layer(self.layers, self._name, layer, exists)
        return find_neuron(self.layers, Neuron(self._name, layer, neuron), exists)

    @torch.inference_mode()
    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Activations `float32[images, neurons]` of a layer, and the maps of one neuron if it has maps.

        If a module runs several times in one pass, the last run counts. Neurons with non-finite activations are NaN
        for all pictures. Raises UnknownNameError, ModelFileError if `neuron` is one of these, ValueError for no
        pictures, MemoryLimitError.
        """
        if not pictures:
            raise ValueError("no pictures to look at")
        pooling = self.check(layer, neuron).pooling
        prepared = [self._preprocess.prepare(picture) for picture in pictures]

        def run(chosen: list[int]) -> tuple[Tensor, Tensor | None]:
            padded = chosen + [chosen[-1]] * (self.batch_size - len(chosen))
            batch = torch.stack([prepared[n] for n in padded]).to(self._device)
            activations, maps = self._run(batch, layer, pooling, neuron)
            return activations.float().cpu(), None if maps is None else maps.float().cpu()

        activations, maps = record_batches([tensor.shape for tensor in prepared], self.batch_size, run)
        return Recording(finite(activations, self._name, layer, neuron), maps)

    @property
    def prepared(self) -> str:
        """The preprocessing, as its library prints it."""
        return self._preprocess.told

    @property
    def input(self) -> tuple[int, ...]:
        """Height and width of the network's input for a square picture."""
        return self._preprocess.shape

    @property
    def side(self) -> int:
        """Side in pixels of a square picture that is not resized."""
        return self._preprocess.side

    def respond(self, images: Tensor, layer: str, neuron: int) -> Tensor:
        """A neuron's activations `float[images]`, differentiable in `float[images, 3, side, side]` in [0, 1].

        Raises UnknownNameError.
        """
        pooling = self.check(layer, neuron).pooling
        batch = self._preprocess.crop_and_normalise(images.to(self._device))
        return self._run(batch, layer, pooling, None)[0][:, neuron]

    def _run(self, batch: Tensor, layer: str, pooling: Pooling, neuron: int | None) -> tuple[Tensor, Tensor | None]:
        pooled: list[tuple[Tensor, Tensor | None]] = []

        def see(module: nn.Module, output: Any) -> None:
            tensor = first_tensor(output)
            if tensor is not None:
                # Pooled at once: a later in-place module, such as ReLU(inplace=True), overwrites its input.
                area = None if neuron is None else neuron_maps(tensor, pooling, neuron)
                pooled[:] = [(pool(tensor, pooling), area)]

        lack = f"{self._name}: {self.batch_size} pictures do not fit in memory"
        module = self._model.get_submodule(layer)
        try:
            with out_of_memory_as(lack, "use a smaller batch size"), repeatable(full=True), hooked(module, see):
                self._model(batch.to(dtype_of(self._model)) if batch.is_floating_point() else batch)
        except LineError:
            raise
        except Exception as error:  # A network's code may raise anything.
            message = " ".join(str(error).split())[:200] or type(error).__name__
            raise UsageError(
                f"{self._name} cannot take pictures of {batch.shape[2]} x {batch.shape[3]}: {message}",
                "crop or resize them, or correct size, mean and std in its entry",
            ) from error
        if not pooled:
            raise UsageError(f"layer '{layer}' of {self._name} was not used for this picture", "choose another layer")
        return pooled[0]
