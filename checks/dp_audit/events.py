"""Choosing the event that will probably certify most."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from checks.dp_audit.bounds import promise
from checks.dp_audit.columns import columns
from checks.dp_audit.model import Claim, Event, Floats, Truths
from checks.dp_audit.scores import FEWEST, Score, scores

Counts = npt.NDArray[np.int64]
_THRESHOLDS = 400
_TAIL = 1e-5
_MARKED = 50_000  # outputs of each input whose scores become thresholds: enough for the thinnest tail
_STAY = 4
_BETTER = 1e-2  # a plainer event is easier to understand than one that promises a trifle more


@dataclass(frozen=True)
class Choice:
    """An event, the input that it is likelier under, and what certifying it promises (see `bounds.promise`)."""

    event: Event
    first_is_likelier: bool
    promise: float


@dataclass(eq=False)  # each is itself: arrays do not compare to one truth
class _Candidate:
    """A score, the thresholds to try, and how many outputs of either input reach each of them, of how many."""

    score: Score
    marks: Floats
    reached: tuple[Counts, Counts]
    seen: int = 0
    best: Choice | None = None

    def look(self, first: Floats, second: Floats) -> None:
        """Count more outputs, as many of the one as of the other."""
        for total, outputs in zip(self.reached, (first, second), strict=True):
            cells = np.searchsorted(self.marks, self.score.of(outputs), side="right")
            np.add(total, np.bincount(cells, minlength=len(self.marks) + 1)[::-1].cumsum()[::-1][1:], out=total)
        self.seen += len(first)


def choose(
    first: Floats,
    second: Floats,
    claim: Claim,
    *,
    alpha: float,
    certifying: int,
    bits: bool,
    more: Iterable[tuple[Floats, Floats]] = (),
) -> Choice:
    """Learn scores on one half of the outputs of two inputs and pick the best event on the other.

    Args:
        first, second: outputs, shape (n, d).
        alpha, certifying: of the certification to come, and its number of fresh outputs of each input.
        bits: also look at floating-point bit patterns.
        more: further outputs, block by block, on which the most promising scores are compared.
    """
    cut = len(first) // 2
    learnt = first[:cut], second[:cut]
    judged = (first[cut:], second[cut:]) if cut >= FEWEST else (first, second)  # or nothing is learnt

    def rate(candidate: _Candidate) -> Choice:
        candidate.best = _best_threshold(candidate, claim, alpha=alpha, certifying=certifying)
        return candidate.best

    tried = []
    for score in scores(*learnt, columns(first[:1000], bits=bits)):
        marks = _marks(np.concatenate([score.of(x[:_MARKED]) for x in judged]))
        candidate = _Candidate(score, marks, (np.zeros(len(marks), np.int64), np.zeros(len(marks), np.int64)))
        candidate.look(*judged)
        rate(candidate)
        tried.append(candidate)
    staying = sorted(tried, key=lambda c: -c.best.promise if c.best else 0.0)[:_STAY]
    for blocks in more:
        for candidate in staying:
            candidate.look(*blocks)
    best: Choice | None = None
    for candidate in (c for c in tried if c in staying):
        found = rate(candidate)
        if best is None or found.promise > best.promise + _BETTER * abs(best.promise):
            best = found
    if best is None:
        msg = "an output has no column"
        raise ValueError(msg)
    return best


def _best_threshold(candidate: _Candidate, claim: Claim, *, alpha: float, certifying: int) -> Choice:
    above = [reached / candidate.seen for reached in candidate.reached]
    below = [1 - share for share in above]
    luck = math.sqrt(2 * math.log(2 * len(candidate.marks)))  # the best of so many worthless events looks that good
    best: Choice | None = None
    for sign, (one, two) in ((">=", above), ("<", below)):
        for first_is_likelier in (True, False):
            likely, unlikely = (one, two) if first_is_likelier else (two, one)
            promised = promise(
                likely, unlikely, candidate.seen, delta=claim.delta, alpha=alpha, samples=certifying, luck=luck
            )
            at = int(np.argmax(promised))
            if best is None or promised[at] > best.promise:
                threshold = float(candidate.marks[at])
                event = Event(
                    candidate.score.words(sign, threshold), partial(_passes, candidate.score, sign, threshold)
                )
                best = Choice(event, first_is_likelier, float(promised[at]))
    assert best is not None  # noqa: S101  four ways were tried
    return best


def _passes(score: Score, sign: str, threshold: float, outputs: Floats) -> Truths:
    return score.of(outputs) >= threshold if sign == ">=" else score.of(outputs) < threshold


def _marks(pooled: Floats) -> Floats:
    """Thresholds worth trying: even shares, tails from 1e-5, and what lies halfway between two of them."""
    tails = np.geomspace(_TAIL, 0.01, 40)
    shares = np.concatenate((tails, np.linspace(0.01, 0.99, _THRESHOLDS), 1 - tails))
    found = np.unique(np.quantile(pooled, shares, method="lower"))
    return np.union1d(found, (found[1:] + found[:-1]) / 2)
