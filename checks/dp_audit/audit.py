"""The audit: try the pairs, keep the most telling one with its event, certify it on fresh outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from checks.dp_audit.bounds import certify, detectable_epsilon, gaussian_epsilon
from checks.dp_audit.events import Choice, choose
from checks.dp_audit.model import Bound, Claim, Floats, MechanismError, Outcome, Pair, Sample, Verdict

_SELECTING = 0.2  # of the samples; with few, most are worth more for certifying
_TRYING = 20_000  # outputs per input with which the pairs are compared
_MOST_SELECTING = 400_000
_FEWEST = 20
_BLOCK = 1 << 16
_POINTS = 24
_CLEAR = 2.0  # what could not have shown twice the claim has not been tried


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
    sample: Sample, claim: Claim, pairs: Sequence[Pair], *, samples: int, alpha: float, seed: int,
    gaussian: bool = False, bits: bool = True, progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Verdict:  # fmt: skip
    """Try to refute a claim.

    The pair and the event are selected on outputs that are then thrown away, so one event is certified, on fresh outputs,
    with the whole of ``alpha``. Nothing is repeated until it looks better, or worse.

    Args:
        sample: the mechanism.
        pairs: neighbouring inputs to try.
        samples: outputs per input, for selecting and certifying together; every pair costs its selection.
        alpha: chance to refute a true claim.
        seed: of everything random, the mechanism's generator included.
        gaussian: the mechanism is stated to add Gaussian noise: a bound on mu may refute it as well.
        bits: look at floating-point bit patterns.
        progress: told what is done and which share of it, from 0 to 1.

    Raises:
        MechanismError: it raised, or answered with something that is not ``size`` rows of finite numbers.
    """
    if samples < _FEWEST or not 0 < alpha < 1 or not pairs:
        msg = f"an audit takes at least {_FEWEST} samples, an alpha between 0 and 1 and a pair: {samples}, {alpha}"
        raise ValueError(msg)
    selecting = min(max(_FEWEST // 2, int(samples * _SELECTING)), _MOST_SELECTING)
    certifying = samples - selecting
    best = most_telling(
        sample,
        claim,
        pairs,
        drawn=selecting,
        certifying=certifying,
        alpha=alpha,
        seed=seed,
        bits=bits,
        progress=progress,
    )
    steps = list(count(sample, best, certifying, (seed, len(pairs)), progress))
    _, likely, unlikely = steps[-1]
    bound = certify(likely, unlikely, certifying, delta=claim.delta, alpha=alpha, gaussian=gaussian)
    outcome, explanation = judge(claim, bound)
    reach = detectable_epsilon(claim.epsilon, certifying, alpha, claim.delta)
    if outcome is Outcome.NOT_REFUTED and reach > _CLEAR * claim.epsilon:
        outcome = Outcome.UNDECIDED
        explanation = (
            f"{certifying:,} fresh outputs per input could only have shown epsilon {reach:.3g} or more, over"
            f" {_CLEAR:g} times the claim: draw more samples"
        )
    shown = sorted({int(x) for x in np.geomspace(min(1000, certifying), certifying, _POINTS)})
    return Verdict(
        outcome=outcome, claim=claim, bound=bound, event=best.choice.event.words, pair=best.pair.name,
        likely=best.likely, unlikely=best.unlikely, samples=samples, alpha=alpha, seed=seed, detectable_epsilon=reach,
        curve=_curve(steps, shown, claim, alpha), explanation=explanation,
    )  # fmt: skip


def judge(claim: Claim, bound: Bound) -> tuple[Outcome, str]:
    """Whether a certified bound refutes a claim, and why in one sentence."""
    if bound.epsilon > claim.epsilon:
        return (
            Outcome.REFUTED,
            f"the mechanism loses at least epsilon {bound.epsilon:.4g}; {claim.epsilon:g} is claimed",
        )
    if bound.mu is not None and claim.delta > 0 and (real := gaussian_epsilon(bound.mu, claim.delta)) > claim.epsilon:
        return Outcome.REFUTED, (
            f"a Gaussian mechanism that tells so much has mu of at least {bound.mu:.4g}, which is epsilon {real:.4g} at"
            f" delta {claim.delta:g}; {claim.epsilon:g} is claimed"
        )
    return (
        Outcome.NOT_REFUTED,
        f"no more than epsilon {bound.epsilon:.4g} could be certified; {claim.epsilon:g} is claimed",
    )


def most_telling(
    sample: Sample, claim: Claim, pairs: Sequence[Pair], *, drawn: int, certifying: int, alpha: float, seed: int, bits: bool,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Telling:  # fmt: skip
    """Compare the pairs on few outputs, then select the best one's event on ``drawn`` of each input."""

    def look(pair: Pair, outputs: int, number: int) -> Telling:
        return select(
            sample, claim, pair, drawn=outputs, certifying=certifying, alpha=alpha, seed=(seed, number), bits=bits
        )

    few = min(drawn, _TRYING)
    tried = []
    for number, pair in enumerate(pairs):
        progress(f"trying '{pair.name}'", number / len(pairs))
        tried.append(look(pair, few, number))
    best = max(tried, key=lambda t: t.choice.promise)
    return best if drawn == few else look(best.pair, drawn, len(pairs) + 1)


def select(
    sample: Sample, claim: Claim, pair: Pair, *, drawn: int, certifying: int, alpha: float, seed: tuple[int, ...], bits: bool
) -> Telling:  # fmt: skip
    """The event that tells a pair apart best, chosen on ``drawn`` outputs of each input."""
    first = draw(sample, pair.first, drawn, np.random.default_rng([*seed, 0]))
    second = draw(sample, pair.second, drawn, np.random.default_rng([*seed, 1]))
    if first.shape != second.shape:
        msg = (
            f"sample returned {first.shape[1]} numbers per output for {list(pair.first)} and {second.shape[1]} for"
            f" {list(pair.second)}: the length itself tells them apart, so give every output the same length"
        )
        raise MechanismError(msg)
    return Telling(pair, choose(first, second, claim, alpha=alpha, certifying=certifying, bits=bits))


def count(
    sample: Sample, telling: Telling, size: int, seed: tuple[int, ...],
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Iterator[tuple[int, int, int]]:  # fmt: skip
    """(outputs per input so far, event's hits under the likely input, under the unlikely one), block by block."""
    chances = [np.random.default_rng([*seed, side]) for side in (2, 3)]
    done = likely = unlikely = 0
    while done < size:
        now = min(size - done, _BLOCK, 1000 + done // 2)  # small at first, for the start of the curve
        contains = telling.choice.event.contains
        likely += int(np.count_nonzero(contains(draw(sample, telling.likely, now, chances[0]))))
        unlikely += int(np.count_nonzero(contains(draw(sample, telling.unlikely, now, chances[1]))))
        done += now
        progress("certifying", done / size)
        yield done, likely, unlikely


def draw(sample: Sample, values: tuple[float, ...], size: int, chance: np.random.Generator) -> Floats:
    """Outputs for an input, shape (size, d).

    Raises:
        MechanismError: it raised, or answered with something else.
    """
    try:
        made = sample(np.array(values, dtype=np.float64), size, chance)
        outputs = np.asarray(made, dtype=np.float64)
    except Exception as problem:
        msg = f"sample raised {type(problem).__name__} for {list(values)}: {problem}"
        raise MechanismError(msg) from problem
    if outputs.ndim == 1:
        outputs = outputs[:, np.newaxis]
    if outputs.ndim != 2 or outputs.shape[0] != size or outputs.shape[1] < 1:
        msg = f"sample must return {size} outputs, shape ({size},) or ({size}, d); it returned shape {np.shape(made)}"
        raise MechanismError(msg)
    if not np.isfinite(outputs).all():
        what = "NaN" if np.isnan(outputs).any() else "infinity"
        msg = f"sample returned {what} for {list(values)}: encode special outcomes as finite numbers"
        raise MechanismError(msg)
    return outputs


def _curve(
    steps: list[tuple[int, int, int]], wanted: list[int], claim: Claim, alpha: float
) -> tuple[tuple[int, float], ...]:
    sizes = [done for done, _, _ in steps]
    places = sorted({min(int(np.searchsorted(sizes, n)), len(steps) - 1) for n in wanted})
    return tuple(
        (steps[p][0], certify(steps[p][1], steps[p][2], steps[p][0], delta=claim.delta, alpha=alpha).epsilon)
        for p in places
    )


def constant(sample: Sample, pairs: Sequence[Pair], seed: int) -> bool:
    """Whether a hundred outputs of every input are all one and the same: then there is nothing to audit."""
    seen = [
        draw(sample, values, 100, np.random.default_rng([seed, 9]))
        for pair in pairs
        for values in (pair.first, pair.second)
    ]
    return all(x.shape == seen[0].shape and math.isclose(float(np.ptp(np.stack(seen))), 0.0) for x in seen)
