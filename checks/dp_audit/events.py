"""Choosing the event that will probably certify most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from checks.dp_audit.bounds import promise
from checks.dp_audit.columns import columns
from checks.dp_audit.model import Claim, Event, Floats, Truths
from checks.dp_audit.scores import Score, scores

_THRESHOLDS = 400
_TAIL = 1e-5
_LEARNT_FROM = 0.5
_BETTER = 2e-3  # a plainer event is easier to understand than one that promises a trifle more


@dataclass(frozen=True)
class Choice:
    """An event, the input that it is likelier under, and what certifying it promises (see `bounds.promise`)."""

    event: Event
    first_is_likelier: bool
    promise: float


def choose(first: Floats, second: Floats, claim: Claim, *, alpha: float, certifying: int, bits: bool) -> Choice:
    """Learn scores on one half of the outputs of two inputs and pick the best event on the other.

    Args:
        first, second: outputs, shape (n, d).
        alpha, certifying: of the certification to come, and its number of fresh outputs of each input.
        bits: also look at floating-point bit patterns.
    """
    views = columns(first[:1000], bits=bits)
    cut = int(len(first) * _LEARNT_FROM)
    learnt = first[:cut], second[:cut]
    judged = (first[cut:], second[cut:]) if cut >= 1000 else (first, second)  # nothing is learnt from so few
    best: Choice | None = None
    for score in scores(*learnt, views):
        found = _best_threshold(score, *judged, claim, alpha=alpha, certifying=certifying)
        if best is None or found.promise > best.promise + _BETTER * abs(best.promise):
            best = found
    if best is None:
        msg = "an output has no column"
        raise ValueError(msg)
    return best


def _best_threshold(
    score: Score, first: Floats, second: Floats, claim: Claim, *, alpha: float, certifying: int
) -> Choice:
    a, b = np.sort(score.of(first)), np.sort(score.of(second))
    marks = _marks(np.concatenate((a, b)))
    below = [np.searchsorted(x, marks, side="left") / len(x) for x in (a, b)]
    above = [1 - share for share in below]
    best: tuple[float, float, str, bool] | None = None
    for sign, (one, two) in ((">=", above), ("<", below)):
        for first_is_likelier in (True, False):
            likely, unlikely = (one, two) if first_is_likelier else (two, one)
            promised = promise(likely, unlikely, len(a), delta=claim.delta, alpha=alpha, samples=certifying)
            at = int(np.argmax(promised))
            if best is None or promised[at] > best[0]:
                best = float(promised[at]), float(marks[at]), sign, first_is_likelier
    assert best is not None  # noqa: S101  four ways were tried
    promised_best, threshold, sign, first_is_likelier = best
    event = Event(score.words(sign, threshold), _passes(score.of, sign, threshold))
    return Choice(event, first_is_likelier, promised_best)


def _passes(of: Callable[[Floats], Floats], sign: str, threshold: float) -> Callable[[Floats], Truths]:
    if sign == ">=":
        return lambda outputs: of(outputs) >= threshold
    return lambda outputs: of(outputs) < threshold


def _marks(pooled: Floats) -> Floats:
    """Thresholds worth trying: even shares, tails from 1e-5, and what lies halfway between two of them."""
    tails = np.geomspace(_TAIL, 0.01, 40)
    shares = np.concatenate((tails, np.linspace(0.01, 0.99, _THRESHOLDS), 1 - tails))
    found = np.unique(np.quantile(pooled, shares, method="lower"))
    return np.union1d(found, (found[1:] + found[:-1]) / 2)
