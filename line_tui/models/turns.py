"""Language model and generator taking turns on a device that cannot hold both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from line_tui.explain.ports import Completion, Generator, Language, Picture, Prompt


class Guest(Protocol):
    """What can come to the device and leave it."""

    def arrive(self) -> None:
        """Come to the device."""
        ...

    def leave(self) -> None:
        """Give back its memory."""
        ...


class Device:
    """Room for one guest."""

    def __init__(self) -> None:
        self._guest: Guest | None = None

    def admit(self, guest: Guest) -> None:
        """Let a guest in, and out whoever is there."""
        if self._guest is guest:
            return
        if self._guest is not None:
            self._guest.leave()
        # Nobody is there until the new one has arrived: its arrival may fail.
        self._guest = None
        guest.arrive()
        self._guest = guest


@runtime_checkable
class Closable(Language, Protocol):
    """A language model that can give back its memory."""

    def close(self) -> None:
        """Give it back; the model is not used again."""
        ...


class LanguageInTurn:
    """A language model that is loaded anew for each of its turns; llama.cpp cannot move one."""

    def __init__(self, load: Callable[[], Closable], device: Device) -> None:
        self._load = load
        self._device = device
        self._model: Closable | None = None
        # To know its style, which is in its file.
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
    """A generator that can be moved between device and RAM, and looked at while it draws."""

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
