"""Offloading: the language model and the generator take turns on a device that cannot hold both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from line_tui.explain.ports import Completion, Generator, Language, OnStep, OnToken, Picture, Prompt


class Movable(Protocol):
    """A model that can be moved to the device and off it."""

    def onload(self) -> None:
        """Move to the device."""

    def offload(self) -> None:
        """Free its device memory."""


class SharedDevice:
    """A device with room for one model."""

    def __init__(self) -> None:
        self._resident: Movable | None = None

    def move_in(self, model: Movable) -> None:
        """Move a model in, after moving the current one out."""
        if self._resident is model:
            return
        if self._resident is not None:
            self._resident.offload()
        # The device counts as empty until the move has succeeded.
        self._resident = None
        model.onload()
        self._resident = model


@runtime_checkable
class Closable(Language, Protocol):
    """A language model that can be unloaded."""

    def close(self) -> None:
        """Free its memory; the model must not be used afterwards."""


class OffloadedLanguage:
    """A language model that is reloaded for each turn; llama.cpp cannot move a model."""

    def __init__(self, load: Callable[[], Closable], device: SharedDevice) -> None:
        self._load = load
        self._device = device
        self._model: Closable | None = None
        # Its style, chat or few-shot, is read from its file.
        device.move_in(self)
        self.name = self._loaded().name
        self.style = self._loaded().style

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        """Complete as the model does."""
        self._device.move_in(self)
        return self._loaded().complete(prompt, seed, temperature, on_token)

    def onload(self) -> None:
        """Load the model from its file, which the system still has in RAM if there is room."""
        self._model = self._load()

    def offload(self) -> None:
        """Free the model."""
        self._loaded().close()
        self._model = None

    def close(self) -> None:
        """Free the model for good."""
        if self._model is not None:
            self.offload()

    def _loaded(self) -> Closable:
        assert self._model is not None
        return self._model


class MovableGenerator(Generator, Movable, Protocol):
    """A generator that can be moved between device and RAM and can show previews."""

    on_preview: Callable[[list[bytes]], None] | None


class OffloadedGenerator:
    """A generator that waits in RAM between its turns."""

    def __init__(self, generator: MovableGenerator, device: SharedDevice) -> None:
        self._generator = generator
        self._device = device
        self.name = generator.name
        self.prompt_template = generator.prompt_template
        self.steps = generator.steps
        self.guidance = generator.guidance
        self.size = generator.size
        self.batch_size = generator.batch_size

    @property
    def on_preview(self) -> Callable[[list[bytes]], None] | None:
        """The generator's `on_preview`."""
        return self._generator.on_preview

    @on_preview.setter
    def on_preview(self, on_preview: Callable[[list[bytes]], None] | None) -> None:
        self._generator.on_preview = on_preview

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        """Draw as the generator does."""
        self._device.move_in(self._generator)
        return self._generator.draw(prompts, seeds, on_step)
