"""The user's own pictures as a run's control set, and their classes as its vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from line_tui import events as e
from line_tui.engine.control_set import ControlSet
from line_tui.errors import UsageError
from line_tui.explain.layer_activations import of_neuron, zero_non_finite
from line_tui.explain.ports import Bank, Floats, Picture
from line_tui.models.picture_folder import PictureFolder, in_batches, open_folder, readable
from line_tui.store.activations import pixels_of

_BATCH = 32
"""Pictures held in memory at a time; the vision model splits them into smaller batches."""


def check_folder(spec: e.RunSpec) -> None:
    """Raises UsageError for a folder that cannot be a run's control set."""
    if spec.control is not None:
        opened = open_folder(Path(spec.control))
        if len(opened.classes) == 1:
            raise _too_few(opened, 1, spec.images)


@dataclass(frozen=True)
class FolderControl:
    """Measures a folder with a subfolder per class, or a plain folder of pictures, which keeps the vocabulary."""

    folder: Path
    images: int
    """Pictures per class; classes with fewer readable ones are left out."""
    usual: ControlSet
    """The generated control set, whose words a folder without classes still needs."""
    _skipped: dict[Path, str] = field(default_factory=dict)
    _identities: list[str] = field(default_factory=list)

    def measure(self, words: Sequence[str] | None = None) -> Bank:
        """Activations on the pictures, and on drawn `words` if needed. Raises UsageError, Cancelled."""
        self._identities.clear()
        opened = open_folder(self.folder)
        self._skipped.update(opened.left_out)
        bank = self._with_classes(opened) if opened.classes else self._without_classes(opened, words)
        skipped = [f"{path}: {reason}" for path, reason in self._skipped.items()]
        digest = blake2b(" ".join(self._identities).encode(), digest_size=6).hexdigest()
        return replace(bank, id=f"folder-{digest}", skipped=skipped)

    def _with_classes(self, opened: PictureFolder) -> Bank:
        concepts: list[str] = []
        rows: list[Floats] = []
        for n, each in enumerate(opened.classes):
            self.usual.show(e.Progress(phase="control", done=n, total=len(opened.classes), detail=each.concept))
            row = self._record_files(each.files, self.images)
            if len(row) == self.images:
                concepts.append(each.concept)
                rows.append(row)
            else:
                few = f"only {len(row)} of {self.images} pictures can be read, so the class is left out"
                self._skipped[opened.path / each.concept] = few
        if len(rows) < 2:
            raise _too_few(opened, len(rows), self.images)
        return self.usual.bank("", concepts, np.stack(rows))

    def _without_classes(self, opened: PictureFolder, words: Sequence[str] | None) -> Bank:
        activations = self._record_files(opened.loose, len(opened.loose))
        if not len(activations):
            raise UsageError(f"no picture in {opened.path} can be read", "name another folder")
        own, activations = of_neuron(activations, self.usual.neuron), zero_non_finite(activations)
        drawn = self.usual.measure(words)
        return replace(
            drawn,
            reference_activations=own,
            reference_features=activations,
            layer_scale=float(np.abs(activations).max()),
        )

    def _record_files(self, files: list[Path], count: int) -> Floats:
        """`float32[pictures, neurons]` of the first `count` readable pictures, or of fewer if there are not as many."""
        batches: list[Floats] = []
        for batch in in_batches(readable(files, count, self._skipped), _BATCH):
            self.usual.check()
            batches.append(self._record_batch(batch))
        return np.concatenate(batches) if batches else np.empty((0, self.usual.layer.neurons), np.float32)

    def _record_batch(self, batch: list[tuple[Path, Picture]]) -> Floats:
        usual = self.usual
        identities = [pixels_of(picture) for _, picture in batch]
        self._identities.extend(identities)
        known = usual.activations.get(usual.view, identities)
        missing = {one: picture for one, (_, picture) in zip(identities, batch, strict=True) if one not in known}
        if missing:
            recording = usual.models.vision.record(list(missing.values()), usual.layer.name)
            usual.activations.put(usual.view, dict(zip(missing, recording.activations, strict=True)))
            # Read back from the cache, so that the result does not depend on whether a picture was recorded before.
            known = usual.activations.get(usual.view, identities)
        return np.stack([known[one] for one in identities]).astype(np.float32)


def _too_few(opened: PictureFolder, classes: int, images: int) -> UsageError:
    return UsageError(
        f"{opened.path} has {'1 class' if classes else 'no classes'} with {images} readable pictures, "
        "and a control set compares at least two",
        "add subfolders, or ask for fewer pictures with --images",
    )
