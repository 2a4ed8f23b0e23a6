"""The adaptive loop: starts from what the bank knows, races concepts, chooses on fresh images, reports on others.

At most a third of the published loop's search images. What the label is chosen on is not what its score is reported
from, and where the neuron answers to nothing the run says so.
"""

from __future__ import annotations

from statistics import fmean

from line_tui import events as e
from line_tui.explain.budget import search_images
from line_tui.explain.choosing import Finalist, choose, finalists
from line_tui.explain.conclusion import conclude, nothing
from line_tui.explain.insight import Insight, insight
from line_tui.explain.meaning import Lexicon, Meaning
from line_tui.explain.opening import POINTED_AT, next_from_bank, opening, theme_words
from line_tui.explain.parts import Parts
from line_tui.explain.ports import Embedder
from line_tui.explain.prompting import Request
from line_tui.explain.proposals import refuse, tried
from line_tui.explain.racing import contenders, estimate, next_rung
from line_tui.explain.scores import auc, mad
from line_tui.explain.state import Control, RunState, Trial, next_id, rejected, verdict, waits_for_person
from line_tui.explain.steps import Ask, Done, Draw, DrawTogether, MeasureControl, Record, Step, Wait

RUNGS = (1, 2, 4)
"""Images of a concept that stays in the race."""
FINALISTS, FRESH = 5, 2
"""Finalists, and the images of fresh seeds that are kept for each; what the search leaves of the budget is added."""
USUAL = 35
"""Search images of a run with the usual settings, which the numbers here are for; a smaller one has less of each."""
TOGETHER = 4
"""Proposals that get their first image in one batch."""
ATTEMPTS = 3
"""Replies of the language model that may be refused before the bank proposes instead."""
SHOWN, WEAK = 5, 4
"""Concepts that the language model is shown: the best of a theme, and the weakest."""
MOVES: tuple[e.Move, ...] = ("generalise", "new", "combine", "specialise", "new", "contrast")


class Adaptive:
    """METHOD, "What we add": warm start, racing, varied proposals, honest score, senses, minimal pairs."""

    def __init__(self, embedder: Embedder, lexicon: Lexicon | None = None, parts: Parts | None = None) -> None:
        self._meaning = Meaning(embedder)
        self._lexicon = lexicon or Lexicon()
        self._parts = parts or Parts()
        self._seen: tuple[Control, Insight] | None = None

    def images_planned(self, state: RunState) -> int:
        """A third of what the published loop draws."""
        return images_planned(state)

    def refuse(self, state: RunState, reply: str) -> tuple[str, str | None]:
        """Refuse what is no concept, and what was tried in these or in other words."""
        taken = tried(state)
        concept, reason = refuse(reply, taken)
        if reason is None and self._parts.dedupe and (known := self._meaning.same(concept, list(taken.values()))):
            reason = f"means the same as '{known}'"
        return concept, reason

    def next_step(self, state: RunState) -> Step:
        """Look at what is new, propose, race, choose, then report."""
        if state.outcome is not None:
            return Done()
        if state.control is None:
            return MeasureControl()
        seen = self._insight(state.control)
        if seen.profile.inert:
            return nothing("the neuron does not vary on the control set: it is dead or constant")
        if all(trial.origin == "user" for trial in state.trials.values()):
            return Record(self._open(state, seen))
        if (scores := _new_scores(state, seen)) is not None:
            return scores
        waiting = [trial for trial in live(state) if waits_for_person(state, trial)]
        unseen = [trial for trial in live(state) if not evidence(seen, trial) and trial not in waiting]
        if waiting and not unseen:
            return Wait(waiting[0].id)
        left = images_planned(state) - _spent(state) - len(unseen)
        if len(unseen) < TOGETHER and (step := self._propose(state, seen, left)) is not None:
            return step
        if unseen:
            return DrawTogether([Draw(trial.id, [0]) for trial in unseen])
        return self._race(state, seen, left) or self._choose(state, seen)

    def _insight(self, control: Control) -> Insight:
        if self._seen is None or self._seen[0] is not control:
            self._seen = control, insight(control, self._meaning, self._lexicon)
        return self._seen[1]

    def _open(self, state: RunState, seen: Insight) -> list[e.DurableEvent]:
        found = opening(seen, self._parts, tried(state).values(), _share(state, POINTED_AT))
        return [
            e.Proposed(trial=next_id(state, n), concept=concept, origin=origin, iteration=0)
            for n, (concept, origin) in enumerate(found)
        ]

    def _propose(self, state: RunState, seen: Insight, left: int) -> Step | None:
        iteration = 1 + _iterations_done(state)
        summary = iteration > state.iterations
        if summary and (not self._parts.summary or iteration > state.iterations + 1):
            return None
        if left <= _share(state, FINALISTS) * FRESH:
            return None
        attempt = sum(refusal.iteration == iteration for refusal in state.refusals)
        if attempt >= ATTEMPTS or not self._parts.language:
            return Record(self._from_bank(state, seen, iteration, attempt))
        move: e.Move = "summarise" if summary else MOVES[(iteration - 1) % len(MOVES)]
        request = Request(
            move=move,
            shown=_shown(state, seen, iteration, weak=move == "new"),
            rejected=rejected(state),
            accepted=[trial.concept for trial in live(state) if verdict(state, trial) == "accepted"],
        )
        return Ask(request, "summary" if summary else "llm", iteration, attempt)

    def _from_bank(self, state: RunState, seen: Insight, iteration: int, attempts: int) -> list[e.DurableEvent]:
        taken = list(tried(state).values())
        found = next_from_bank(seen, taken, self._parts, len(state.stalls))
        if found is None:
            return [e.Stalled(iteration=iteration, attempts=attempts, remedy="every word of the bank was tried")]
        concept, how = found
        return [
            e.Stalled(iteration=iteration, attempts=attempts, remedy=f"{how} '{concept}'"),
            e.Proposed(trial=next_id(state), concept=concept, origin="bank", iteration=iteration),
        ]

    def _race(self, state: RunState, seen: Insight, left: int) -> Step | None:
        left -= _share(state, FINALISTS) * FRESH if self._parts.fresh else 0
        if not self._parts.racing or left <= 0:
            return None
        known = _evidence(state, seen)
        if not (rung := next_rung(known, seen.profile.noise, RUNGS)):
            return None
        draws = []
        for id in rung.trials:
            have, wanted = len(state.trials[id].seen()), min(left, rung.images - len(known[id]))
            if wanted > 0:
                draws.append(Draw(id, list(range(have, have + wanted))))
                left -= wanted
        return DrawTogether(draws)

    def _choose(self, state: RunState, seen: Insight) -> Step:
        last = self._finalists(state, seen)
        if not last:
            return nothing("every concept was rejected")
        if len(last) > 1 and self._parts.fresh:
            searched = sum(len(trial.seen()) for trial in state.trials.values())
            images = max(FRESH, (images_planned(state) - searched) // len(last))
            have = {one.trial: {image.index for image in state.trials[one.trial].seen("choose")} for one in last}
            missing = {id: [index for index in range(images) if index not in indices] for id, indices in have.items()}
            if draws := [Draw(id, indices, "choose") for id, indices in missing.items() if indices]:
                return DrawTogether(draws)
        how = "a clear winner" if len(last) == 1 else f"best of {len(last)} finalists"
        spent = _spent(state)
        label = choose(last, self._parts.breadth)
        return conclude(state, seen, state.trials[label.trial], f"{how} after {spent} search images", self._parts)

    def _finalists(self, state: RunState, seen: Insight) -> list[Finalist]:
        """What the person accepted, and the best of what is still in the race."""
        known = {id: images for id, images in _evidence(state, seen).items() if images}
        trials = [state.trials[id] for id in known]
        control = seen.profile.rows.ravel()
        ranked = [
            Finalist(
                trial.id,
                auc(known[trial.id] + seen.profile.standardised(trial.activations("choose")), control),
                auc(known[trial.id], control),
                estimate(known[trial.id]),
                float(fit),
            )
            for trial, fit in zip(trials, seen.fits_of_theme([trial.concept for trial in trials]), strict=True)
        ]
        wanted = [one for one in ranked if verdict(state, state.trials[one.trial]) == "accepted"]
        others = [one for one in ranked if one not in wanted]
        racing = contenders(known, seen.profile.noise)
        return wanted + finalists(others, racing, max(0, _share(state, FINALISTS) - len(wanted)))


def images_planned(state: RunState) -> int:
    """Search images of a run at most, see `budget`."""
    return search_images(state.iterations, state.spec.images)


def _share(state: RunState, usual: int) -> int:
    return min(usual, max(2, usual * images_planned(state) // USUAL))


def live(state: RunState) -> list[Trial]:
    """Trials that the person did not reject."""
    return [trial for trial in state.trials.values() if verdict(state, trial) != "rejected"]


def evidence(seen: Insight, trial: Trial) -> list[float]:
    """Standardised responses to a concept: those of the bank, if it has the word, and those of search images."""
    return seen.profile.row(trial.concept) + seen.profile.standardised(trial.activations())


def _evidence(state: RunState, seen: Insight) -> dict[str, list[float]]:
    return {trial.id: evidence(seen, trial) for trial in live(state)}


def _spent(state: RunState) -> int:
    """Images that were drawn to find the label; reporting its score is not part of the search."""
    return sum(image.purpose != "report" for trial in state.trials.values() for image in trial.images)


def _iterations_done(state: RunState) -> int:
    """The last iteration that gave a proposal or stalled. The person's own concepts do not use up the budget."""
    proposed = [trial.iteration for trial in state.trials.values() if trial.origin != "user"]
    return max([*proposed, *(stall.iteration for stall in state.stalls)], default=0)


def _new_scores(state: RunState, seen: Insight) -> Record | None:
    """Scores of the trials that have images which their last score did not count."""
    known = _evidence(state, seen)
    control = seen.profile.rows.ravel()
    scores: list[e.DurableEvent] = [
        e.TrialScored(
            trial=trial.id,
            mean=seen.profile.mean + seen.profile.std * fmean(known[trial.id]),
            auc=auc(known[trial.id], control),
            mad=mad(known[trial.id], control),
            images=len(known[trial.id]),
        )
        for trial in live(state)
        if known[trial.id] and (trial.score is None or trial.score.images != len(known[trial.id]))
    ]
    return Record([*scores, e.PoolChanged(members=contenders(known, seen.profile.noise))]) if scores else None


def _shown(state: RunState, seen: Insight, iteration: int, weak: bool) -> list[tuple[str, float]]:
    """What the language model is shown, best first: what is strong in one theme, for "new" what is weak too."""
    theme = theme_words(seen, iteration)
    scored = {trial.concept: estimate(known) for trial in live(state) if (known := evidence(seen, trial))}
    rows = {word: estimate(seen.profile.row(word)) for word in (theme.words if theme else [])}
    ranked = sorted((scored | rows).items(), key=lambda pair: -pair[1])
    if theme is not None:
        turn = seen.themes.index(theme)
        strong = [pair for pair in ranked if seen.theme_of(pair[0]) == turn][:SHOWN]
    else:
        strong = ranked[:SHOWN]
    return strong + ([pair for pair in ranked[-WEAK:] if pair not in strong] if weak else [])
