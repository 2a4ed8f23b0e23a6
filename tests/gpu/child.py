"""Runs one part in a process that was forked from one which has imported the large libraries: that takes 20 s each."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection

PRELOADED = (
    "tests.gpu.parts",
    "torchvision",
    "transformers.models.clip.modeling_clip",
    "diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl",
)
"""Nothing of these wakes the GPU, which a forked process could not use any more."""


def run(part: str, out: Connection, err: Connection) -> None:
    """Run a part with its output in two pipes, as the head of a process group of its own."""
    os.setsid()
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    from tests.gpu import parts

    parts.main(part)
