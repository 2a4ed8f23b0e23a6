"""How strongly images of a concept drive a neuron, against a control set."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import ArrayLike

from line_tui.events import TrialScored


def auc(concept: ArrayLike, control: ArrayLike) -> float:
    """P(concept image > control image) + P(tie) / 2, in [0, 1].

    Takes `float[images]` twice. As `sklearn.metrics.roc_auc_score` with control = 0 and concept = 1
    (CoSy, arXiv 2405.20331). Raises ValueError if either side is empty.
    """
    ours, theirs = np.asarray(concept, float), np.asarray(control, float)
    if not ours.size or not theirs.size:
        raise ValueError("AUC needs at least one image on each side")
    ordered = np.sort(theirs)
    below, upto = np.searchsorted(ordered, ours, side="left"), np.searchsorted(ordered, ours, side="right")
    return float((below + upto).sum() / (2 * ours.size * theirs.size))


def mad(concept: ArrayLike, control: ArrayLike) -> float:
    """(mean of concept - mean of control) / standard deviation of control (ddof 1); 0 where that is 0.

    Takes `float[images]` twice; in units of the control's standard deviation (CoSy, arXiv 2405.20331).
    """
    ours, theirs = np.asarray(concept, float), np.asarray(control, float)
    spread = float(theirs.std(ddof=1)) if theirs.size > 1 else 0.0
    if spread == 0.0:
        return 0.0
    return float((ours.mean() - theirs.mean()) / spread)


def scored(trial: str, concept: Sequence[float], control: Sequence[float]) -> TrialScored:
    """The score event of a trial that has all its images."""
    return TrialScored(
        trial=trial, mean=fmean(concept), auc=auc(concept, control), mad=mad(concept, control), images=len(concept)
    )
