"""From the chosen label to the result: its honest score, further senses, minimal pairs."""

from __future__ import annotations

from line_tui import events as e
from line_tui.explain.budget import REPORT
from line_tui.explain.choosing import TIE, is_concept
from line_tui.explain.insight import Insight
from line_tui.explain.intervals import verified_score
from line_tui.explain.pairs import SEEDS, variants
from line_tui.explain.parts import Parts
from line_tui.explain.state import RunState, Trial, verdict
from line_tui.explain.steps import Draw, DrawVariant, Record, Step

SECOND = 0.5
"""Share of the label's MAD that a further sense must reach."""


def conclude(state: RunState, seen: Insight, label: Trial, how: str, parts: Parts) -> Step:
    """Report the label on images of its own, then each further sense, then their minimal pairs, then finish."""
    if step := report(label):
        return step
    assert state.control is not None
    score = verified_score(label.activations("report"), state.control.flat)
    if state.verified is None or state.verified.trial != label.id:
        return Record([e.Verified(trial=label.id, concept=label.concept, score=score)])
    if not is_concept(score, seen.order):
        return nothing(f"no concept found: the best, '{label.concept}', scores {score.auc:.2f}, as null neurons do")
    senses = [(label, score)]
    for trial in _further(state, seen, label) if parts.senses else []:
        if step := report(trial):
            return step
        further = verified_score(trial.activations("report"), state.control.flat)
        if is_concept(further, seen.order) and further.mad >= SECOND * score.mad:
            senses.append((trial, further))
    told = {sense.trial for sense in state.senses}
    if new := [_sense(state, seen, trial, score) for trial, score in senses if trial.id not in told]:
        return Record(list(new))
    for trial, _ in senses if parts.pairs else []:
        done = {pair.variant for pair in state.pairs if pair.concept == trial.concept}
        for variant, kind in variants(trial.concept, seen.profile, seen.meaning):
            if variant not in done:
                return DrawVariant(trial.id, variant, kind, list(range(SEEDS)))
    return Record([e.Finished(label=label.concept, trial=label.id, reason=how)])


def nothing(reason: str) -> Record:
    """The finding that there is no label."""
    return Record([e.Finished(label=None, trial=None, reason=reason)])


def report(trial: Trial) -> Draw | None:
    """What is still to be drawn for a trial's reported score."""
    have = {image.index for image in trial.seen("report")}
    missing = [index for index in range(REPORT) if index not in have]
    return Draw(trial.id, missing, "report") if missing else None


def _further(state: RunState, seen: Insight, label: Trial) -> list[Trial]:
    """For each heavy theme that is not the label's, of the trials that score as high as its best the one that fits."""
    own = seen.theme_of(label.concept)
    found = []
    for turn in range(len(seen.themes)):
        trials = [
            trial
            for trial in state.trials.values()
            if verdict(state, trial) != "rejected" and trial.score is not None and seen.theme_of(trial.concept) == turn
        ]
        if turn == own or not trials:
            continue
        scores = [trial.score.auc if trial.score else 0.0 for trial in trials]
        fits = seen.fits_of_theme([trial.concept for trial in trials])
        found.append(
            max(
                (fit, trial.id)
                for trial, score, fit in zip(trials, scores, fits, strict=True)
                if score >= max(scores) - TIE
            )[1]
        )
    return [state.trials[id] for id in found]


def _sense(state: RunState, seen: Insight, trial: Trial, score: e.VerifiedScore) -> e.SenseFound:
    turn = seen.theme_of(trial.concept)
    words = seen.themes[turn].words if seen.themes else []
    return e.SenseFound(
        label=trial.concept, trial=trial.id, concepts=words, score=score, share=seen.coverage(trial.concept)
    )
