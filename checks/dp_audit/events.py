"""Choosing the event that will probably certify most."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from checks.dp_audit.bounds import expected, promise
from checks.dp_audit.columns import columns
from checks.dp_audit.model import Claim, Event, Floats, Truths
from checks.dp_audit.scores import FEWEST, Plain, Score, atoms, scores

Counts = npt.NDArray[np.int64]
_THRESHOLDS = 400
_TAIL = 1e-5
_MARKED = 50_000  # outputs of each input whose scores become thresholds: enough for the thinnest tail
_STAY = 4
_HOPE = 0.5  # standard errors that a threshold may owe to chance, when others tell later what it is worth
_ANY_RATIO = 1e-9
_BETTER = 1e-2  # a plainer event is easier to understand than one that promises a trifle more
_CLEARLY = 0.1  # of the spread: and less likely to owe its promise to chance


@dataclass(frozen=True)
class Choice:
    """An event, the input that it is likelier under, and what certifying it promises (see `bounds.expected`)."""

    score: Score
    sign: str
    threshold: float
    first_is_likelier: bool
    promise: float

    @property
    def event(self) -> Event:
        """The outputs whose score passes the threshold."""
        return Event(
            self.score.words(self.sign, self.threshold), partial(_passes, self.score, self.sign, self.threshold)
        )


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
    gaussian: bool = False,
    more: Iterable[tuple[Floats, Floats]] = (),
) -> tuple[Choice, ...]:
    """Learn scores on one half of the outputs of two inputs and pick the best events on the other, the plainest first.

    Args:
        first, second: outputs, shape (n, d).
        alpha, certifying: of the certification to come, and its number of fresh outputs of each input.
        bits: also look at floating-point bit patterns.
        gaussian: the mu of Gaussian noise is to be certified, not the epsilon.
        more: further outputs, block by block, on which the most promising scores are compared.
    """
    cut = len(first) // 2
    learnt = first[:cut], second[:cut]
    judged = (first[cut:], second[cut:]) if cut >= FEWEST else (first, second)  # or nothing is learnt

    def rate(candidate: _Candidate, luck: float | None = None) -> Choice:
        candidate.best = _best_threshold(
            candidate, claim, alpha=alpha, certifying=certifying, luck=luck, gaussian=gaussian and claim.delta > 0
        )
        return candidate.best

    tried = []
    for score in scores(*learnt, columns(first[:1000], bits=bits)):
        marks = _marks(np.concatenate([score.of(x[:_MARKED]) for x in judged]))
        candidate = _Candidate(score, marks, (np.zeros(len(marks), np.int64), np.zeros(len(marks), np.int64)))
        candidate.look(*judged)
        rate(candidate)
        tried.append(candidate)
    ranked = sorted(tried, key=lambda c: -c.best.promise if c.best else 0.0)
    plainest = next(c for c in ranked if isinstance(c.score, Plain))
    staying = [c for c in tried if c in ranked[:_STAY] or c is plainest]
    for blocks in more:
        for candidate in staying:
            candidate.look(*blocks)
    # By the threshold that certainly holds, and by that which would if what was seen is true: rarer, and more telling.
    found = [choice for candidate in staying for choice in (rate(candidate), rate(candidate, _HOPE))]
    return (*found, *_of_atoms(first, second))


def _of_atoms(first: Floats, second: Floats) -> Iterator[Choice]:
    """What repeats more often under the one input, and under the other; too rare to be judged by so few outputs."""
    for score in atoms(first, second):
        yield Choice(score, ">=", _ANY_RATIO, first_is_likelier=True, promise=0.0)
        yield Choice(score, "<", -_ANY_RATIO, first_is_likelier=False, promise=0.0)


def rated(
    choices: Sequence[Choice],
    looks: Iterable[tuple[Floats, Floats]],
    claim: Claim,
    *,
    alpha: float,
    certifying: int,
    gaussian: bool = False,
) -> Choice:
    """The choice that will certify most, by outputs that had no part in making any of them; the plainer of equals.

    Args:
        looks: outputs of the two inputs, block by block.
    """
    hits, drawn = np.zeros((len(choices), 2), np.int64), 0
    for first, second in looks:
        drawn += len(first)
        for side, outputs in enumerate((first, second)):
            values: dict[int, Floats] = {}
            for number, choice in enumerate(choices):
                if (known := id(choice.score)) not in values:
                    values[known] = choice.score.of(outputs)
                seen = values[known]
                passing = seen >= choice.threshold if choice.sign == ">=" else seen < choice.threshold
                hits[number, side] += np.count_nonzero(passing)
    best: Choice | None = None
    for choice, (one, two) in zip(choices, hits.tolist(), strict=True):
        likely, unlikely = (one, two) if choice.first_is_likelier else (two, one)
        promised, spread = expected(
            likely, unlikely, drawn, delta=claim.delta, alpha=alpha, samples=certifying, gaussian=gaussian
        )
        if best is None or promised > best.promise + max(_BETTER * best.promise, _CLEARLY * spread):
            best = replace(choice, promise=promised)
    if best is None:
        msg = "there is no event to choose"
        raise ValueError(msg)
    return best


def _best_threshold(
    candidate: _Candidate, claim: Claim, *, alpha: float, certifying: int, luck: float | None, gaussian: bool
) -> Choice:
    above = [reached / candidate.seen for reached in candidate.reached]
    below = [1 - share for share in above]
    if luck is None:  # the best of so many worthless events looks that good
        luck = math.sqrt(2 * math.log(2 * len(candidate.marks)))
    best: Choice | None = None
    for sign, (one, two) in ((">=", above), ("<", below)):
        for first_is_likelier in (True, False):
            likely, unlikely = (one, two) if first_is_likelier else (two, one)
            promised = promise(
                likely,
                unlikely,
                candidate.seen,
                delta=claim.delta,
                alpha=alpha,
                samples=certifying,
                luck=luck,
                gaussian=gaussian,
            )
            at = int(np.argmax(promised))
            if best is None or promised[at] > best.promise:
                best = Choice(candidate.score, sign, float(candidate.marks[at]), first_is_likelier, float(promised[at]))
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
