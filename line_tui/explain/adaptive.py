"""The adaptive loop: finds the smallest set of concepts that accounts for a neuron, and reports what is left.

It starts with words of the control set, whose pictures already exist. Then it draws proposals one at a time, each based
on the results so far: words suggested by the neuron's responses, alternating with the language model's proposals for
what is still unexplained. Concepts are ranked by a two-sided score (`two_sided`), chosen on one half of the control set
and reported on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from line_tui import events as e
from line_tui.explain.budget import FIRST_IMAGES
from line_tui.explain.concept_selection import Account, account, choose_set
from line_tui.explain.control_analysis import ControlAnalysis, Detection, analyse
from line_tui.explain.ports import Embedder, Floats, Gallery
from line_tui.explain.prompting import PromptConcept, Request
from line_tui.explain.proposals import judge, tried
from line_tui.explain.scores import auc, mad
from line_tui.explain.state import (
    Control,
    RunState,
    Trial,
    attempts,
    next_id,
    rejected,
    to_verify,
    verdict,
    waits_for_user,
)
from line_tui.explain.steps import Ask, Done, Draw, DrawTogether, Judged, MeasureControl, Record, Step, Wait
from line_tui.explain.strategies import Words, find
from line_tui.explain.verification import CHANCE_AUC, MAX_P_VALUE, conclude, nothing, strongest
from line_tui.explain.word_forms import same_form
from line_tui.explain.word_similarity import Lexicon, Meaning

WARM_START_WORDS = 8
"""Words of the control set that a run starts with."""
FINALISTS = 3
"""Concepts that share the remaining pictures."""
ATTEMPTS = 3
"""Refused language-model replies after which a word suggested by the responses is used instead."""
SHOWN_CONCEPTS = 4
"""Concepts shown to the language model."""
FIT_WEIGHT = 0.4
"""Weight, relative to correlation, of how well a concept's meaning fits the responses to the control set's words."""
RARITY_PENALTY = 0.1
"""Penalty per decade of rarity, in units of correlation: of two equally good concepts, prefer the more common word."""
AUC_WEIGHT = 0.3
"""Weight of the AUC: of concepts that account for the same share, prefer one whose pictures drive the neuron."""
UNDRAWN_RARITY_PENALTY = 0.03
"""Rarity penalty for words that have not been drawn, in units of fit."""
MIN_AUC = 0.85
"""Minimum AUC for a concept's pictures to count as driving the neuron."""
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
COMPOSITIONS = (
    *(f"{colour} background" for colour in COLOURS),
    *("two things", "three things", "four things", "small", "large", "upside-down", "sideways"),
    *("on the left", "on the right", "at the top", "at the bottom"),
)
"""Picture compositions, independent of content; tried when no word for a thing explains the neuron."""


def create(words: Words) -> Adaptive:
    """Creates the strategy for the registry. Raises ModelFileError."""
    return Adaptive(words.embedder, words.lexicon())


def create_quick(words: Words) -> Adaptive:
    """Creates the strategy for a quick look, without minimal pairs. Raises ModelFileError."""
    return Adaptive(words.embedder, words.lexicon(), pairs=False)


class Adaptive:
    """Searches for a set of concepts, each with its share of the strong responses."""

    def __init__(self, embedder: Embedder, lexicon: Lexicon | None = None, pairs: bool = True) -> None:
        """`pairs` says whether minimal pairs are drawn at the end; they change no label."""
        self._meaning = Meaning(embedder, lexicon or Lexicon())
        self._pairs = pairs
        self._neuron: tuple[Control, ControlAnalysis] | None = None
        self._known: dict[tuple[str, int], Known] = {}

    def judge(self, state: RunState, reply: str) -> Judged:
        """Refuse replies that are not concepts or not known words; a repeated concept gets a vote."""
        vocabulary = {word for concept in (state.control.concepts if state.control else []) for word in concept.split()}
        judged = judge(reply, tried(state), lambda word: word in vocabulary or self._meaning.lexicon.knows(word))
        form = same_form(judged.concept)
        for trial in _kept(state) if form in state.forms else []:
            if (
                same_form(trial.concept) == form
                and len(trial.images_for()) < 2 * FIRST_IMAGES
                and _scores_near_best(state, trial)
            ):
                return Judged(judged.concept, repeats=trial.id)
        return judged

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """Start, propose and draw concepts one at a time, then choose the set and report it."""
        if state.outcome is not None:
            return Done()
        if state.control is None:
            return MeasureControl()
        neuron = self._analysis(state.control, gallery)
        if neuron.profile.inert:
            return nothing("the neuron does not vary on the control set: it is dead or constant")
        if not any(trial.origin == "vocabulary" for trial in state.trials.values()):
            return Record(_start(state, neuron, self._meaning))
        search = self._search(state, neuron, gallery)
        if (events := search.new_scores()) is not None:
            return Record(events)
        if (requested := to_verify(state)) is not None:
            if not requested.images_for() and requested.origin != "vocabulary":
                return Draw(requested.id, list(range(FIRST_IMAGES)))
            return conclude(state, gallery, neuron, self._meaning, [requested], search.p_value, self._pairs)
        draws: list[Draw] = []
        for trial in _kept(state):
            if waits_for_user(state, trial):
                if not draws:
                    return Wait(trial.id)
                break
            if missing := search.missing(trial):
                draws.append(Draw(trial.id, missing))
        if draws:
            return DrawTogether(draws)
        if (step := search.propose()) is not None:
            return step
        if (step := search.draw_finalists()) is not None:
            return step
        chosen = search.chosen
        if not chosen:
            return nothing("every concept was rejected")
        return conclude(state, gallery, neuron, self._meaning, chosen, search.p_value, self._pairs)

    def _analysis(self, control: Control, gallery: Gallery) -> ControlAnalysis:
        if self._neuron is None or self._neuron[0] is not control:
            self._neuron = control, analyse(control, gallery.bank(control.concepts))
            self._known.clear()
        return self._neuron[1]

    def _search(self, state: RunState, neuron: ControlAnalysis, gallery: Gallery) -> Search:
        """The state of the search; results for a concept are kept from step to step."""
        known: dict[str, Known] = {}
        for trial in _with_pictures(state):
            images = _search_images(trial)
            key = trial.id, len(images)
            if key not in self._known:
                none = np.zeros((0, 0), np.float32)
                features = gallery.features([image.image for image in images]) if images else none
                members = self._meaning.kinds(neuron.words).of(trial.concept)
                detection = neuron.detection(trial.concept, features, members=members)
                # One at a time, so that the result does not depend on other concepts.
                bonus = _bonus(trial, neuron, self._meaning)
                self._known[key] = Known(detection, neuron.score(detection), bonus)
            known[trial.id] = self._known[key]
        return Search(state, neuron, self._meaning, known)


def _start(state: RunState, neuron: ControlAnalysis, meaning: Meaning) -> list[e.DurableEvent]:
    """Start with control-set words: those with the highest two-sided scores, and the set that accounts for most."""
    rare = RARITY_PENALTY * np.array([meaning.lexicon.rarity(word) for word in neuron.words], np.float32)
    best = [int(n) for n in np.argsort(rare - neuron.word_scores, kind="stable")[:WARM_START_WORDS]]
    half, related = neuron.choosing, meaning.similarity(neuron.words, neuron.words)
    best += choose_set(neuron.activations[half], neuron.words_shown[half], -rare, lambda chosen: related[chosen])
    return [
        e.Proposed(trial=next_id(state, n), concept=neuron.words[word], origin="vocabulary", iteration=0)
        for n, word in enumerate(dict.fromkeys(best))
    ]


@dataclass(frozen=True)
class Known:
    """What is known about a concept that has pictures."""

    detection: Detection
    score: float
    """Two-sided score on the choosing half."""
    bonus: float
    """Added to its score, see `_bonus`."""


@dataclass(frozen=True)
class Search:
    """The state of a search: the concepts with pictures, what they account for, and what remains."""

    state: RunState
    neuron: ControlAnalysis
    meaning: Meaning
    known: dict[str, Known]
    """By trial id, for trials with pictures."""

    @property
    def left(self) -> int:
        """Search pictures left in the budget; pictures of the user's own concepts are not counted."""
        drawn = self.state.drawn
        return _planned(self.state) - sum(count for purpose, count in drawn.items() if purpose != "report")

    @cached_property
    def candidates(self) -> list[Trial]:
        """Concepts that may explain the neuron, best first."""
        trials = [trial for trial in _kept(self.state) if trial.id in self.known]
        scores = np.array([self.known[t.id].score + self.known[t.id].bonus for t in trials], np.float32)
        order = np.argsort(-scores, kind="stable")
        return [trials[n] for n in order]

    @cached_property
    def chosen(self) -> list[Trial]:
        """The set of concepts that explains the neuron so far."""
        if not self.candidates:
            return []
        shown = np.stack([self.known[trial.id].detection.shown for trial in self.candidates], axis=1)
        half = self.neuron.choosing
        concepts = [trial.concept for trial in self.candidates]
        bonus = np.array([self.known[trial.id].bonus for trial in self.candidates], np.float32)

        def related(chosen: Sequence[int]) -> Floats:
            return self.meaning.similarity([concepts[n] for n in chosen], concepts)

        chosen = choose_set(self.neuron.activations[half], shown[half], bonus, related)
        return [self.candidates[n] for n in chosen]

    @cached_property
    def account(self) -> Account:
        """What the set accounts for on the choosing half of the control set."""
        half = self.neuron.choosing
        shown = [self.known[trial.id].detection.shown[half] for trial in self.chosen]
        return account(self.neuron.activations[half], shown)

    @cached_property
    def p_value(self) -> float | None:
        """Share of random directions of the layer that some concept explains as well as this neuron."""
        return self.neuron.p_value(
            max(self.known[trial.id].score for trial in self.candidates),
            max(self.neuron.drive(_activations(trial, self.neuron)) for trial in self.candidates),
        )

    def new_scores(self) -> list[e.DurableEvent] | None:
        """New scores for concepts with new pictures, and the resulting explanation."""
        scores: list[e.DurableEvent] = []
        for trial in self.candidates:
            row, images = self.neuron.profile.row(trial.concept), _search_images(trial)
            if trial.score is not None and trial.score.images == len(row) + len(images):
                continue
            values = [*row, *(image.activation for image in images)]
            control = self.neuron.activations
            known = self.known[trial.id]
            scores.append(
                e.TrialScored(
                    trial=trial.id,
                    mean=float(np.mean(values)),
                    auc=auc(values, control),
                    mad=mad(values, control),
                    images=len(values),
                    correlation=known.score,
                    detected=known.detection.detected,
                )
            )
        if not scores:
            return None
        shares = [
            e.ConceptShare(trial=trial.id, concept=trial.concept, share=share, correlation=self.known[trial.id].score)
            for trial, share in zip(self.chosen, self.account.shares, strict=True)
        ]
        return [
            *scores,
            e.PoolChanged(members=[trial.id for trial in self.candidates]),
            e.Explained(
                concepts=shares,
                unexplained=self.account.unexplained,
                p_value=self.p_value,
                features=self.neuron.features_description,
                left=strongest(self.neuron, self._responses_left),
            ),
        ]

    def missing(self, trial: Trial) -> list[int]:
        """Numbers of the pictures to draw for a trial: a first batch, and more for each vote.

        Compositions get one picture each; only the one that drives the neuron most gets more.
        """
        due = FIRST_IMAGES * ((trial.origin != "vocabulary") + len(trial.votes))
        if trial.origin == "bank" and trial.move == "specialise":
            due = due if self._best_composition is trial else 1
        have = len(trial.images_for())
        return list(range(have, min(due, 2 * FIRST_IMAGES, have + max(self.left, 0))))

    @cached_property
    def _best_composition(self) -> Trial | None:
        """The composition that drives the neuron most, once each has a picture."""
        compositions = [other for other in _kept(self.state) if other.move == "specialise" and other.origin == "bank"]
        if not all(other.images for other in compositions):
            return None
        return max(compositions, key=lambda other: max(other.activations(), default=-np.inf), default=None)

    def propose(self) -> Step | None:
        """The next proposal; None when the iterations or the pictures are used up."""
        iteration = 1 + max(self.state.proposed_in, self.state.passed_in)
        if iteration > self.state.iterations or self.left < FIRST_IMAGES:
            return None
        if iteration == 1 and self.p_value is not None and self.p_value > MAX_P_VALUE and (step := self._compose()):
            return step
        attempt = attempts(self.state, iteration)
        # Alternate, so that neither source has to wait until the other is exhausted.
        if attempt >= ATTEMPTS or (iteration % 2 == 1 and self.state.iterations > 1):
            return self._suggested_word(iteration, attempt)
        return self.ask(iteration, attempt)

    def ask(self, iteration: int, attempt: int) -> Ask:
        """Ask the language model for the proposal of an iteration."""
        return Ask(self._request(iteration, attempt), "llm", iteration, attempt)

    def draw_finalists(self) -> Step | None:
        """Spend the remaining pictures on the best concepts, in a single batch.

        Concepts that the user added or accepted are measured too, outside the budget, so they displace none.
        """
        by_user = {t.id for t in self.candidates if t.origin == "user" or verdict(self.state, t) == "accepted"}
        best = [trial.id for trial in self.candidates if trial.id not in by_user][:FINALISTS]
        finalists = [trial for trial in self.candidates if trial.id in by_user or trial.id in best]
        searched = self.state.drawn.get("search", 0)
        each = max(1, -(-(_planned(self.state) - searched) // max(1, len(best)))) if finalists else 0
        draws, left = [], self.left
        for trial in finalists:
            missing = trial.missing(each, "choose")
            if trial.id not in by_user:
                missing = missing[: max(0, left)]
                left -= len(missing)
            if missing:
                draws.append(Draw(trial.id, missing, "choose"))
        return DrawTogether(draws) if draws else None

    @cached_property
    def _responses_left(self) -> Floats:
        return self.neuron.responses_left(self.account.left, self.neuron.choosing)

    def _suggested_word(self, iteration: int, attempts: int) -> Step:
        """Propose a word suggested by the responses: by all of them at first, later by the unexplained ones."""
        responses = self.neuron.profile.responses if iteration % 4 == 1 else self._responses_left
        taken = tried(self.state)
        words = self.meaning.pointed_at(self.neuron.words, responses, UNDRAWN_RARITY_PENALTY)
        word = next((word for word in words if same_form(word) not in taken), None)
        stalled: list[e.DurableEvent] = []
        if attempts or word is None:
            remedy = "every word was tried" if word is None else f"took '{word}', which fits the responses"
            stalled = [e.Stalled(iteration=iteration, attempts=attempts, remedy=remedy)]
        if word is None:
            return Record(stalled)
        proposed = e.Proposed(trial=next_id(self.state), concept=word, origin="bank", iteration=iteration)
        return Record([*stalled, proposed])

    def _compose(self) -> Step | None:
        """Propose all untried compositions if no word explains the neuron."""
        taken = tried(self.state)
        new = [concept for concept in COMPOSITIONS if same_form(concept) not in taken]
        if not new or self.left < len(new) + FIRST_IMAGES:
            return None
        return Record(
            [
                e.Proposed(trial=next_id(self.state, n), concept=concept, origin="bank", iteration=1, move="specialise")
                for n, concept in enumerate(new)
            ]
        )

    def _request(self, iteration: int, attempt: int) -> Request:
        """The request to the language model; the move depends on what the best concept explains and what it leaves."""
        best, senses = self.candidates, self.chosen
        sense = senses[iteration // 2 % len(senses)]
        score = sense.score
        drives = score is not None and score.auc >= MIN_AUC
        if not drives:
            move: e.Move = "specialise"
        elif iteration % 4 == 2:
            move = "generalise"
        else:
            move = "new"
        near = self._similar(sense, best)
        return Request(
            move=move,
            shown=[self._shown(trial) for trial in near],
            left=strongest(self.neuron, self._responses_left),
            rejected=rejected(self.state),
            accepted=[trial.concept for trial in best if verdict(self.state, trial) == "accepted"],
            attempt=attempt,
        )

    def _similar(self, sense: Trial, best: list[Trial]) -> list[Trial]:
        """A concept of the set, and the best concepts that the layer sees as similar."""
        half = self.neuron.choosing
        shown = {trial.id: self.known[trial.id].detection.shown[half] for trial in best}
        own = shown[sense.id]
        others = (t for t in best if t.id != sense.id and np.corrcoef(own, shown[t.id])[0, 1] > 0)
        return [sense, *islice(others, SHOWN_CONCEPTS - 1)]

    def _shown(self, trial: Trial) -> PromptConcept:
        assert trial.score is not None
        return PromptConcept(trial.concept, trial.score.correlation or 0.0, trial.score.auc)


def _planned(state: RunState) -> int:
    """Total search pictures of the run."""
    return find(state.spec.strategy).search_images(state)


def _kept(state: RunState) -> list[Trial]:
    """Trials that the user did not reject."""
    return [trial for trial in state.trials.values() if verdict(state, trial) != "rejected"]


def _with_pictures(state: RunState) -> list[Trial]:
    """Kept trials with pictures; words of the control set use its pictures."""
    return [trial for trial in _kept(state) if trial.origin == "vocabulary" or trial.images]


def _search_images(trial: Trial) -> list[e.ImageScored]:
    return [image for image in trial.images if image.purpose != "report"]


def _scores_near_best(state: RunState, trial: Trial) -> bool:
    """Whether a concept scores near the best one; a language model may keep repeating one that does not."""
    scores = [other.score.correlation or 0.0 for other in _kept(state) if other.score is not None]
    return trial.score is not None and (trial.score.correlation or 0.0) >= max(scores) / 2


def _bonus(trial: Trial, neuron: ControlAnalysis, meaning: Meaning) -> float:
    """What is added to a concept's correlation: for its meaning, its AUC, and how common the word is.

    -inf if its pictures drive the neuron less than the control set does, which excludes it.
    """
    fits = meaning.fits([trial.concept], neuron.words, neuron.profile.responses)
    drive = auc(_activations(trial, neuron), neuron.activations)
    if drive < CHANCE_AUC:
        return -np.inf
    return FIT_WEIGHT * float(fits[0]) - RARITY_PENALTY * meaning.lexicon.rarity(trial.concept) + AUC_WEIGHT * drive


def _activations(trial: Trial, neuron: ControlAnalysis) -> list[float]:
    """All activations on a concept: on the control set, if it has the word, and on the search pictures."""
    return [*neuron.profile.row(trial.concept), *(image.activation for image in _search_images(trial))]
