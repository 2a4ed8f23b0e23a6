"""A real engine process over the fake models: `python -m tests.engine.fake_engine --data FOLDER`.

The environment sets how it misbehaves, for tests of the client: FAKE_DELAY (seconds a picture takes), FAKE_NOISE (what
a C library prints at the first picture), FAKE_ERROR (what the generator raises), FAKE_ROOM (the largest batch
that fits in memory), FAKE_HANG (it ignores everything), FAKE_WORDS (how many more words its vocabulary has).
"""

from __future__ import annotations

import dataclasses
import gc
import os
import sys
import time
import weakref
from collections.abc import Callable, Sequence

import msgspec

from line_tui import events as e
from line_tui.config import EngineDefaults
from line_tui.engine import server
from line_tui.engine.model_source import ReadyBank
from line_tui.engine.server import main
from line_tui.errors import MemoryLimitError, unknown_name
from line_tui.explain.loop import Models
from line_tui.explain.ports import OnStep, Picture
from line_tui.explain.reference_layer import WithReferenceLayer
from line_tui.explain.word_similarity import Lexicon
from line_tui.layers import LayerInfo
from line_tui.models.loaded import LoadedModels
from tests.fakes import HUES, LAYERS, VOCABULARY, FakeEmbedder, FakeGenerator, FakeLanguage, FakeVision

COLOURS = ["red", "green", "blue"]


class SlowGenerator(FakeGenerator):
    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        time.sleep(float(os.environ.get("FAKE_DELAY", "0")) * len(prompts))
        if noise := os.environ.pop("FAKE_NOISE", ""):
            for descriptor in (1, 2):
                os.write(descriptor, f"{noise}\n{'#' * 300_000}\rdone\n".encode())
        if error := os.environ.get("FAKE_ERROR"):
            raise MemoryLimitError(error, "buy memory") if error.startswith("memory") else ValueError(error)
        if self.batch_size > int(os.environ.get("FAKE_ROOM", "100")):
            raise MemoryLimitError(f"{self.batch_size} pictures do not fit in memory", "buy memory")
        if os.environ.get("FAKE_HANG"):
            print("hanging", file=sys.stderr, flush=True)
            while True:
                time.sleep(1)
        return super().draw(prompts, seeds, on_step)


class FakeSource:
    """Models named "fake" and "colours"; the profile does not matter."""

    generator_kind: type[FakeGenerator] = SlowGenerator
    vision_kind: type[FakeVision] = FakeVision

    def prepare(self) -> None:
        print("fake libraries imported", file=sys.stderr, flush=True)

    def layers(self, model: str) -> list[LayerInfo]:
        if model not in ("fake", "colours"):
            raise unknown_name("model", model, ["fake", "colours"], "`line-tui layers` lists them")
        return [
            LayerInfo(name=name, kind="Fake", shape=shape, neurons=3, pooling="none", names=COLOURS)
            for name, shape in LAYERS.items()
        ]

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        print("fake models loaded", file=sys.stderr, flush=True)
        generator = self.generator_kind()
        if fixed is not None:
            generator.batch_size = fixed.batch_size
        return LoadedModels(Models(FakeLanguage(), generator, self.vision_kind()), FakeEmbedder())

    def vision(self, model: str, batch_size: int) -> FakeVision:
        return FakeVision()

    def step_down(self, spec: e.RunSpec, settings: e.Settings) -> e.Settings | None:
        if settings.batch_size == 1:
            return None
        return msgspec.structs.replace(settings, batch_size=settings.batch_size // 2, bit_identical=False)

    def widened(self, models: Models, spec: e.RunSpec, layer: LayerInfo) -> Models:
        return dataclasses.replace(models, vision=WithReferenceLayer(models.vision, FakeVision(), HUES))

    def lexicon(self) -> Lexicon:
        return Lexicon()

    def vocabulary(self) -> list[str]:
        return VOCABULARY + [f"word {n}" for n in range(int(os.environ.get("FAKE_WORDS", "0")))]

    def ready_bank(self, models: Models, layer: str) -> ReadyBank | None:
        return None


class Watched(FakeSource):
    """Keeps weak references to the generators that it makes, and all vision models."""

    def __init__(self) -> None:
        self.generators: list[weakref.ref[object]] = []
        self.alive_at_load: list[int] = []
        """How many generators were in memory, each time that models were asked for."""
        self.visions: list[FakeVision] = []

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        self._look()
        loaded = super().load(spec, fixed, on_progress)
        self.generators.append(weakref.ref(loaded.models.generator))
        self.visions.append(loaded.models.vision)  # type: ignore[arg-type]
        return loaded

    def vision(self, model: str, batch_size: int) -> FakeVision:
        self._look()
        return super().vision(model, batch_size)

    def _look(self) -> None:
        gc.collect()
        self.alive_at_load.append(sum(reference() is not None for reference in self.generators))


def in_actor(settings: EngineDefaults) -> FakeSource:
    """For an actor of a cluster: pictures take a while, so that a kill can hit anything."""
    os.environ["FAKE_DELAY"] = "0.02"
    os.environ["FAKE_WORDS"] = "20"
    return FakeSource()


if __name__ == "__main__":
    server.SHUTDOWN_TIMEOUT = float(os.environ.get("FAKE_LINGER", server.SHUTDOWN_TIMEOUT))
    sys.exit(main(FakeSource()))
