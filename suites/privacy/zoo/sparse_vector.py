"""The sparse vector technique, right and wrong: Lyu, Su, Li 2017, https://doi.org/10.14778/3055330.3055331, algorithms 1 to 6.

Ten queries of sensitivity 1, one of which may be answered "above". Outputs per query: 1 above, 0 below, -1 not asked any more.
"""

from __future__ import annotations

import numpy as np

from checks.dp_audit.model import Claim, Floats, Truths
from checks.dp_audit.neighbours import Adjacency, patterns
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

EPSILON, THRESHOLD = 1.0, 1.0
_BELOW, _ENDED = -1000.0, -2000.0
_CLAIM = Claim(EPSILON)
_TEN = patterns(Adjacency.ENTRIES, 10)


def _after_first(above: Truths) -> Truths:
    """Which queries come after the first that is above."""
    return np.asarray((np.cumsum(above, axis=1) - above) > 0)


def _until_first(above: Truths) -> Floats:
    return np.where(_after_first(above), -1.0, above.astype(np.float64))


def _above(
    values: Floats,
    size: int,
    rng: np.random.Generator,
    *,
    threshold: float,
    query: float,
    epsilon: float = EPSILON,
    at: float = THRESHOLD,
) -> tuple[Truths, Floats]:
    """Which noisy queries pass the noisy threshold; scales in units of 1 / epsilon; and the noisy queries."""
    bar = at + laplace_noise(threshold / epsilon, (size, 1), rng)
    noisy = values + (laplace_noise(query / epsilon, (size, len(values)), rng) if query else 0.0)
    return noisy >= bar, noisy


def algorithm_1(
    values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON, at: float = THRESHOLD
) -> Floats:  # fmt: skip
    """Half of epsilon for the threshold, half for the answer that is above."""
    return _until_first(_above(values, size, rng, threshold=2, query=4, epsilon=epsilon, at=at)[0])


def algorithm_3(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """Releases the noisy value of the query that is above."""
    above, noisy = _above(values, size, rng, threshold=2, query=2, epsilon=epsilon)
    return np.where(_after_first(above), _ENDED, np.where(above, grid(noisy), _BELOW))


def algorithm_4(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """A quarter of epsilon for the threshold; noise that ignores both sensitivity directions."""
    return _until_first(_above(values, size, rng, threshold=4, query=4 / 3, epsilon=epsilon)[0])


def algorithm_5(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """No noise on the queries, no limit on the answers."""
    return _above(values, size, rng, threshold=2, query=0, epsilon=epsilon)[0].astype(np.float64)


def algorithm_6(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """No limit on the answers that are above."""
    return _above(values, size, rng, threshold=2, query=2, epsilon=epsilon)[0].astype(np.float64)


@specimen(claim=_CLAIM, pairs=_TEN)
def svt_1(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 1."""
    return algorithm_1(values, size, rng)


@specimen(claim=_CLAIM, pairs=_TEN)
def svt_2(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 2 with two answers: a fresh threshold after the first, noise for two throughout."""
    first, second = (_above(values, size, rng, threshold=4, query=8)[0] for _ in range(2))
    # The same noisy queries are never compared twice: after the first answer, other noise and another threshold.
    later = _after_first(first)
    above = np.where(later, second, first)
    ended = (np.cumsum(above, axis=1) - above) > 1
    return np.where(ended, -1.0, above.astype(np.float64))


@specimen(claim=_CLAIM, pairs=_TEN)
def svt_with_a_numeric_answer(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The answer has fresh noise and a third of epsilon of its own."""
    above, _ = _above(values, size, rng, threshold=3, query=6)
    answer = grid(values + laplace_noise(3 / EPSILON, above.shape, rng))
    return np.where(_after_first(above), _ENDED, np.where(above, answer, _BELOW))


@specimen(claim=_CLAIM, pairs=_TEN, wrong="the noisy value that was compared is released: it bounds the threshold")
def svt_3(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 3."""
    return algorithm_3(values, size, rng)


@specimen(claim=_CLAIM, pairs=_TEN, wrong="the noise of the queries has a fraction of the scale that it needs")
def svt_4(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 4."""
    return algorithm_4(values, size, rng)


@specimen(claim=_CLAIM, pairs=_TEN, wrong="the queries carry no noise: equal answers stay equal")
def svt_5(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 5."""
    return algorithm_5(values, size, rng)


@specimen(claim=_CLAIM, pairs=_TEN, wrong="any number of answers may be above at the price of one")
def svt_6(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 6."""
    return algorithm_6(values, size, rng)
