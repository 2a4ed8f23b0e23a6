"""Offloading: language model and generator take turns on a device that cannot hold both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from line_tui.explain.ports import Completion, Generator, Language, Picture, Prompt


class Guest(Protocol):
    """A model that can be moved to the device and off it."""

    def arrive(self) -> None:
        """Move to the device."""
        ...

    def leave(self) -> None:
        """Free its device memory."""
        ...


class Device:
    """A device with room for one model."""

    def __init__(self) -> None:
        self._guest: Guest | None = None

    def admit(self, guest: Guest) -> None:
        """Move a model in, after moving the present one out."""
        if self._guest is guest:
            return
        if self._guest is not None:
            self._guest.leave()
        # The device counts as empty until the move has succeeded.
        self._guest = None
        guest.arrive()
        self._guest = guest


@runtime_checkable
class Closable(Language, Protocol):
    """A language model that can be unloaded."""

    def close(self) -> None:
        """Free its memory; the model is not used again."""
        ...


class LanguageInTurn:
    """A language model that is reloaded for each turn; llama.cpp cannot move a model."""

    def __init__(self, load: Callable[[], Closable], device: Device) -> None:
        self._load = load
        self._device = device
        self._model: Closable | None = None
        # Needed for its style, which is in its file.
        device.admit(self)
        self.name = self._here().name
        self.style = self._here().style

    def complete(
        self, prompt: Prompt, seed: int, temperature: float, on_token: Callable[[str, bool], None]
    ) -> Completion:
        """As the model itself."""
        self._device.admit(self)
        return self._here().complete(prompt, seed, temperature, on_token)

    def arrive(self) -> None:
        """Load the model from its file, which the system still has in RAM if there is room."""
        self._model = self._load()

    def leave(self) -> None:
        """Free the model."""
        self._here().close()
        self._model = None

    def close(self) -> None:
        """Free the model for good."""
        if self._model is not None:
            self.leave()

    def _here(self) -> Closable:
        assert self._model is not None
        return self._model


class Movable(Generator, Guest, Protocol):
    """A generator that can be moved between device and RAM and can show previews."""

    on_preview: Callable[[list[bytes]], None] | None


class GeneratorInTurn:
    """A generator that waits in RAM between its turns."""

    def __init__(self, generator: Movable, device: Device) -> None:
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
        """As the generator's own."""
        return self._generator.on_preview

    @on_preview.setter
    def on_preview(self, on_preview: Callable[[list[bytes]], None] | None) -> None:
        self._generator.on_preview = on_preview

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: Callable[[int, int], None]) -> list[Picture]:
        """As the generator itself."""
        self._device.admit(self._generator)
        return self._generator.draw(prompts, seeds, on_step)
