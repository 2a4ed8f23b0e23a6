"""Texts about a run's result."""

from __future__ import annotations

from textual.content import Content

from line_tui import events as e
from line_tui.explain.state import RunState, strongest_images
from line_tui.plural import counted
from line_tui.tui import view
from line_tui.tui.formatting import interval, number, share
from line_tui.tui.text_plots import interval_line

Parts = list[Content | str | tuple[str, str]]


def headline(state: RunState, reason: bool = True) -> Content:
    """The label, the reason for it (optional), the user's judgement, and the score with its interval.

    For an unfinished run, the best concept so far, marked as such.
    """
    parts: Parts = []
    top = view.best(state)
    # The verified score below belongs to this concept, even if another leads the search.
    leader = state.verified.concept if state.verified is not None else top.concept if top is not None else None
    if state.outcome is not None and state.outcome.label is None:
        parts += [("No concept found", "bold"), (f"   {state.outcome.reason}", "$text-muted")]
    elif state.outcome is not None:
        parts.append((f"“{state.outcome.label}”", "bold $accent"))
        if reason:
            parts.append((f"   {state.outcome.reason}", "$text-muted"))
    elif leader is not None:
        parts += [(f"“{leader}”", "bold"), ("   best so far: the run is not finished", "$warning")]
    else:
        return Content.assemble(("No concept has a score yet.", "$text-muted"))
    if state.judged is not None:
        parts += [("   you say: ", "$text-muted"), (f"{state.judged.judgement}", "bold $accent")]
    if state.verified is not None:
        parts += ["\n", *verified(state.verified.score)]
    elif top is not None and top.trial.score is not None:
        score = top.trial.score
        parts += [
            (f"\nmean {number(score.mean)}  AUC {share(score.auc)}  MAD {number(score.mad)}", ""),
            (
                f"   on {counted(score.images, 'picture')} of the search: the highest of many scores, so too high",
                "$text-muted",
            ),
        ]
    return Content.assemble(*parts)


def verified(score: e.VerifiedScore) -> Parts:
    """A score on fresh pictures, with its interval as numbers and as a line."""
    return [
        ("AUC ", "$text-muted"),
        (share(score.auc), "bold $accent"),
        f" {interval(score.ci_low, score.ci_high)}  ",
        (
            f"p {number(score.p_value)}  MAD {number(score.mad)}  {counted(score.images, 'fresh picture')}  ",
            "$text-muted",
        ),
        (interval_line(score.ci_low, score.auc, score.ci_high, 31), "$accent"),
    ]


def cost(state: RunState) -> str:
    """The cost of the run in concepts, pictures, replies and decisions."""
    drawn = sum(not image.cached for trial in state.trials.values() for image in trial.images)
    return (
        f"{counted(len(state.trials), 'concept')} · {counted(view.images_done(state), 'picture')}, {drawn} drawn for it"
        f" · {counted(state.calls, 'reply', 'replies')} of the language model"
        f" · {counted(len(state.decisions), 'decision')} of yours"
    )


def top_images(state: RunState, count: int = 20) -> tuple[e.ImageScored, ...]:
    """The pictures that drive the neuron most."""
    return tuple(strongest_images(state.trials.values())[:count])


def sides(pair: e.MinimalPairMeasured, before: bool) -> tuple[e.ImageScored, ...]:
    """The pictures of one side of a minimal pair."""
    images = pair.before if before else pair.after
    concept = pair.concept if before else pair.variant
    return tuple(
        e.ImageScored(
            trial="", concept=concept, index=n, image=side.image, activation=side.activation, thumbnail=side.thumbnail
        )
        for n, side in enumerate(images)
    )
