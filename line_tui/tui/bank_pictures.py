"""The control set's pictures of a concept, which count in its score although the run did not draw them."""

from __future__ import annotations

from line_tui import events as e
from line_tui.engine.bundled_bank import BundledBank
from line_tui.errors import LineError
from line_tui.explain.prompt_template import fill_template
from line_tui.explain.seeds import image_seed
from line_tui.explain.state import RunState, Trial, concept_of
from line_tui.explain.thumbnails import thumbnail
from line_tui.store.images import Images, Recipe, StoredAlbum


class BankPictures:
    """Reads them from the bundled bank, or from the store if this machine has drawn them."""

    def __init__(self, bank: BundledBank, images: Images) -> None:
        """Loads the bundled thumbnails, which takes about 0.1 s."""
        self._id = bank.card.id
        self._shipped = bank.thumbnails
        self._images = images
        self._found: dict[tuple[str, str], list[tuple[e.ImageRecord, bytes]]] = {}

    def of(self, state: RunState, trial: Trial) -> tuple[e.ImageScored, ...]:
        """The control set's pictures that count in a trial's score; empty if there are none, or if they are gone."""
        control, concept = state.control, concept_of(state, trial)
        drawn = sum(image.purpose != "report" for image in trial.images)
        counts_bank = trial.score is not None and trial.score.images > drawn
        if control is None or not counts_bank or concept not in control.concepts:
            return ()
        key = control.bank_id, concept
        if key not in self._found:
            self._found[key] = self._read(state, control.bank_id, concept)
        activations = control.activations[control.concepts.index(concept)]
        return tuple(
            e.ImageScored(
                trial=trial.id,
                concept=concept,
                index=n,
                image=record,
                activation=activation,
                cached=True,
                thumbnail=small,
            )
            for n, ((record, small), activation) in enumerate(zip(self._found[key], activations, strict=False))
        )

    def _read(self, state: RunState, bank_id: str, concept: str) -> list[tuple[e.ImageRecord, bytes]]:
        if bank_id == self._id:
            shipped = enumerate(self._shipped.get(concept, []))
            return [(e.ImageRecord(identity="", path="", prompt=concept, seed=n), small) for n, small in shipped]
        settings = state.settings
        if settings is None:
            return []
        recipe = Recipe(settings.generator, settings.steps, settings.guidance, settings.image_size, settings.batch_size)
        album, seed = StoredAlbum(self._images, recipe), image_seed("control", concept, 0)
        prompt = fill_template(settings.prompt_template, concept, seed)
        identity = album.identity(prompt, seed)
        try:
            stored = album.find(identity)
        except LineError:
            stored = None
        if stored is None:
            return []
        picture, path = stored
        return [(e.ImageRecord(identity=identity, path=path, prompt=prompt, seed=seed), thumbnail(picture))]
