"""The audit: try the pairs, keep the most telling one with its event, certify it on fresh outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from checks.dp_audit.bounds import certify, detectable_epsilon, gaussian_epsilon, smallest_event
from checks.dp_audit.draws import draw
from checks.dp_audit.events import Choice, choose, rated
from checks.dp_audit.model import (
    AuditOutcome,
    AuditPlan,
    AuditVerdict,
    Bound,
    Claim,
    Floats,
    Hits,
    MechanismError,
    Pair,
    Sample,
)

_SELECTING = 0.2  # of the samples; with few, most are worth more for certifying
_ROUNDS = ((20_000, 4), (200_000, 2))  # outputs per input with which the pairs are compared, and how many stay
_MOST_SELECTING = 4_000_000
_LEARNING = 400_000  # of them, for learning scores; the rest tells the best of these apart
_FEWEST = 20
_BLOCK = 1 << 14
_POINTS = 24
CLEAR = 2.0  # what could not have shown twice the claim has not been tried


Progress = Callable[[str, float], None]


def nobody(_what: str, _share: float) -> None:
    """Nobody wants to know what is done."""


@dataclass(frozen=True)
class Telling:
    """A pair and the event that tells its inputs apart best, as far as the selection could see."""

    pair: Pair
    choice: Choice

    @property
    def likely(self) -> tuple[float, ...]:
        """The input under which the event is likelier."""
        return self.pair.first if self.choice.first_is_likelier else self.pair.second

    @property
    def unlikely(self) -> tuple[float, ...]:
        """The other input."""
        return self.pair.second if self.choice.first_is_likelier else self.pair.first


def audit(
    sample: Sample,
    claim: Claim,
    pairs: Sequence[Pair],
    settings: AuditPlan,
    *,
    progress: Progress = nobody,
) -> AuditVerdict:
    """Try to refute a claim.

    The pair and the event are selected on outputs that are then thrown away, so one event is certified, on fresh
    outputs, with the whole of ``alpha``. Nothing is repeated until it looks better, or worse.

    Args:
        sample: the mechanism.
        pairs: neighbouring inputs to try.
        progress: told what is done and which share of it, from 0 to 1.

    Raises:
        MechanismError: it raised, or answered with something that is not ``size`` rows of finite numbers.
    """
    samples, alpha, seed = settings.samples, settings.alpha, settings.seed
    if samples < _FEWEST or not 0 < alpha < 1 or not pairs:
        msg = f"an audit takes at least {_FEWEST} samples, an alpha between 0 and 1 and a pair: {samples}, {alpha}"
        raise ValueError(msg)
    selecting = min(max(_FEWEST // 2, int(samples * _SELECTING)), _MOST_SELECTING)
    certifying = samples - selecting
    best = most_telling(sample, claim, pairs, settings, drawn=selecting, progress=progress)
    own = (seed, 3 * len(pairs))  # no selection has it: every pair is looked at once in each of at most three rounds
    sizes = fresh(certifying, claim, np.random.default_rng([*own, 6]))
    steps = list(count(sample, best, sizes, own, progress))
    bound = certify(steps[-1], delta=claim.delta, alpha=alpha, gaussian=settings.gaussian and claim.delta > 0)
    outcome, explanation = judge(claim, bound)
    reach = detectable_epsilon(claim.epsilon, certifying, alpha, claim.delta)
    if outcome is AuditOutcome.NOT_REFUTED and reach > CLEAR * claim.epsilon:
        outcome = AuditOutcome.UNDECIDED
        explanation = too_few(certifying, reach)
    return AuditVerdict(
        outcome=outcome,
        claim=claim,
        bound=bound,
        event=best.choice.event.words,
        pair=best.pair.name,
        likely=best.likely,
        unlikely=best.unlikely,
        samples=samples,
        alpha=alpha,
        seed=seed,
        detectable_epsilon=reach,
        smallest_event=smallest_event(claim, certifying, alpha, min(selecting, _LEARNING)),
        curve=_curve(steps, claim, alpha),
        explanation=explanation,
    )


def too_few(samples: int, reach: float) -> str:
    """Why an audit that refuted nothing decides nothing."""
    shown = f"only have shown epsilon {reach:.3g} or more, over {CLEAR:g} times the claim"
    what = shown if reach < math.inf else "not have refuted anything"
    return f"{samples:,} outputs per input could {what}: draw more samples"


def judge(claim: Claim, bound: Bound) -> tuple[AuditOutcome, str]:
    """Whether a certified bound refutes a claim, and why in one sentence."""
    if bound.epsilon > claim.epsilon:
        return (
            AuditOutcome.REFUTED,
            f"the mechanism loses at least epsilon {bound.epsilon:.4g}; {claim.epsilon:g} is claimed",
        )
    if bound.mu is not None and claim.delta > 0 and (real := gaussian_epsilon(bound.mu, claim.delta)) > claim.epsilon:
        return AuditOutcome.REFUTED, (
            f"a Gaussian mechanism that tells so much has mu of at least {bound.mu:.4g}, which is epsilon {real:.4g} at"
            f" delta {claim.delta:g}; {claim.epsilon:g} is claimed"
        )
    return (
        AuditOutcome.NOT_REFUTED,
        f"no more than epsilon {bound.epsilon:.4g} could be certified; {claim.epsilon:g} is claimed",
    )


def most_telling(
    sample: Sample,
    claim: Claim,
    pairs: Sequence[Pair],
    settings: AuditPlan,
    *,
    drawn: int,
    progress: Progress = nobody,
) -> Telling:
    """Compare the pairs on few outputs, the best of them on more, and select the last one's event on ``drawn`` of each
    input; the rest of the samples is for certifying it.
    """

    def look(pair: Pair, outputs: int, number: int) -> Telling:
        return select(
            sample,
            claim,
            pair,
            drawn=outputs,
            certifying=settings.samples - drawn,
            settings=settings,
            seed=(settings.seed, number),
        )

    left, number = list(pairs), 0
    for outputs, stay in (*((n, k) for n, k in _ROUNDS if n < drawn), (drawn, 1)):
        tried = []
        for place, pair in enumerate(left):
            progress(f"trying '{pair.name}'", place / len(left))
            tried.append(look(pair, outputs, number))
            number += 1
        tried.sort(key=lambda t: -t.choice.promise)
        left = [t.pair for t in tried[:stay]]
    return tried[0]


def select(
    sample: Sample,
    claim: Claim,
    pair: Pair,
    *,
    drawn: int,
    certifying: int,
    settings: AuditPlan,
    seed: tuple[int, ...],
) -> Telling:
    """The event that tells a pair apart best, chosen on ``drawn`` outputs of each input and rated on others."""
    chances = [np.random.default_rng([*seed, side]) for side in (0, 1)]

    def outputs(size: int) -> tuple[Floats, Floats]:
        first, second = (draw(sample, v, size, c) for v, c in zip((pair.first, pair.second), chances, strict=True))
        return first, second

    learning = min(drawn, _LEARNING)
    first, second = outputs(learning)
    if first.shape != second.shape:
        msg = (
            f"sample returned {first.shape[1]} numbers per output for {list(pair.first)} and {second.shape[1]} for"
            f" {list(pair.second)}: the length itself tells them apart, so give every output the same length"
        )
        raise MechanismError(msg)
    more = (outputs(min(_LEARNING, drawn - done)) for done in range(learning, drawn, _LEARNING))
    choices = choose(
        first,
        second,
        claim,
        alpha=settings.alpha,
        certifying=certifying,
        bits=settings.bits,
        gaussian=settings.gaussian,
        more=more,
    )
    # What a choice promised is what looked best; other outputs tell how good it is.
    looks = (outputs(min(_LEARNING, drawn - done)) for done in range(0, drawn, _LEARNING))
    best = rated(choices, looks, claim, alpha=settings.alpha, certifying=certifying, gaussian=settings.gaussian)
    return Telling(pair, best)


def fresh(samples: int, claim: Claim, chance: np.random.Generator) -> tuple[int, int]:
    """How many outputs of either input to certify with: see `bounds`."""
    if claim.delta > 0:
        return samples, samples
    likely, unlikely = chance.poisson(samples, 2)
    return int(likely), int(unlikely)


def count(
    sample: Sample,
    telling: Telling,
    sizes: tuple[int, int],
    seed: tuple[int, ...],
    progress: Progress = nobody,
) -> Iterator[Hits]:
    """The event's hits in fresh outputs, as they grow; the last are those in ``sizes`` outputs.

    Args:
        sizes: outputs of the likely and of the unlikely input.
    """
    inputs = telling.likely, telling.unlikely
    chances = [np.random.default_rng([*seed, side]) for side in (4, 5)]
    hits, drawn = [0, 0], [0, 0]
    while drawn != list(sizes):
        block = min(_BLOCK, 1000 + drawn[0] // 2)  # small at first, for the start of the curve
        for side in (0, 1):
            if now := min(block, sizes[side] - drawn[side]):
                outputs = draw(sample, inputs[side], now, chances[side])
                hits[side] += int(np.count_nonzero(telling.choice.event.contains(outputs)))
                drawn[side] += now
        progress("certifying", sum(drawn) / sum(sizes))
        yield Hits(*hits, *drawn)


def _curve(steps: Sequence[Hits], claim: Claim, alpha: float) -> tuple[tuple[int, float], ...]:
    places = sorted({int(x) - 1 for x in np.geomspace(1, len(steps), _POINTS)})
    return tuple((steps[p].of_likely, certify(steps[p], delta=claim.delta, alpha=alpha).epsilon) for p in places)
