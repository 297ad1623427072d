"""The sparse vector technique, right and wrong: Lyu, Su, Li 2017, https://doi.org/10.14778/3055330.3055331, algorithms
1 to 6.

Ten queries of sensitivity 1, one of which may be answered "above". Outputs per query: 1 above, 0 below, -1 not asked
any more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from checks.dp_audit.model import Claim, Floats
from checks.dp_audit.neighbours import Adjacency, patterns
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

Places = npt.NDArray[np.intp]
EPSILON, THRESHOLD = 1.0, 1.0
_BELOW, _ENDED = -1000.0, -2000.0
_CLAIM = Claim(EPSILON)
_TEN = patterns(Adjacency.ENTRIES, 10)


def _first_above(
    values: Floats,
    size: int,
    rng: np.random.Generator,
    *,
    threshold: float,
    query: float,
    epsilon: float = EPSILON,
    at: float = THRESHOLD,
) -> tuple[Places, Floats]:
    """Ask until a noisy query passes the noisy threshold; noise scales in units of 1 / epsilon.

    Returns:
        Place of the query that passed, ``len(values)`` for none, and its noisy value; both of shape (size,).
    """
    bar = at + laplace_noise(threshold / epsilon, size, rng)
    place, answer = np.full(size, len(values)), np.zeros(size)
    left = np.arange(size)
    for number, value in enumerate(values):
        noisy = value + laplace_noise(query / epsilon, len(left), rng)
        above = noisy >= bar[left]
        place[left[above]], answer[left[above]] = number, noisy[above]
        left = left[~above]
    return place, answer


def _told(place: Places, length: int, *, below: float, above: Floats | float, ended: float) -> Floats:
    """What is told of every query: shape (len(place), length)."""
    every = np.full((length + 1, length), below) + np.triu(np.full((length + 1, length), ended - below))
    np.fill_diagonal(every, np.nan if isinstance(above, np.ndarray) else above)
    told = every[place]  # a row for each place where the queries may end
    if isinstance(above, np.ndarray):
        passed = np.flatnonzero(place < length)
        told[passed, place[passed]] = above[passed]
    return told


def _all_above(
    values: Floats, size: int, rng: np.random.Generator, *, threshold: float, query: float, epsilon: float
) -> Floats:
    """Every query compared with one noisy threshold, without a limit."""
    noisy = values + (laplace_noise(query / epsilon, (size, len(values)), rng) if query else 0.0)
    return (noisy >= THRESHOLD + laplace_noise(threshold / epsilon, (size, 1), rng)).astype(np.float64)


def algorithm_1(
    values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON, at: float = THRESHOLD
) -> Floats:
    """Half of epsilon for the threshold, half for the answer that is above."""
    place, _ = _first_above(values, size, rng, threshold=2, query=4, epsilon=epsilon, at=at)
    return _told(place, len(values), below=0.0, above=1.0, ended=-1.0)


def algorithm_3(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """Releases the noisy value of the query that is above."""
    place, noisy = _first_above(values, size, rng, threshold=2, query=2, epsilon=epsilon)
    return _told(place, len(values), below=_BELOW, above=grid(noisy), ended=_ENDED)


def algorithm_4(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """A quarter of epsilon for the threshold; noise that ignores both sensitivity directions."""
    place, _ = _first_above(values, size, rng, threshold=4, query=4 / 3, epsilon=epsilon)
    return _told(place, len(values), below=0.0, above=1.0, ended=-1.0)


def algorithm_5(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """No noise on the queries, no limit on the answers."""
    return _all_above(values, size, rng, threshold=2, query=0, epsilon=epsilon)


def algorithm_6(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """No limit on the answers that are above."""
    return _all_above(values, size, rng, threshold=2, query=2, epsilon=epsilon)


@specimen(claim=_CLAIM, pairs=_TEN)
def svt_1(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 1."""
    return algorithm_1(values, size, rng)


@specimen(claim=_CLAIM, pairs=_TEN)
def svt_2(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Algorithm 2 with two answers: noise for two throughout, and a fresh threshold after the first."""
    told = np.zeros((size, len(values)))
    answers = np.zeros(size, dtype=np.intp)
    bar = THRESHOLD + laplace_noise(4 / EPSILON, size, rng)
    for number, value in enumerate(values):
        above = (value + laplace_noise(8 / EPSILON, size, rng) >= bar) & (answers < 2)
        told[:, number] = np.where(answers == 2, -1.0, above)
        answers += above
        bar = np.where(above, THRESHOLD + laplace_noise(4 / EPSILON, size, rng), bar)
    return told


@specimen(claim=_CLAIM, pairs=_TEN)
def svt_with_a_numeric_answer(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The answer has fresh noise and a third of epsilon of its own."""
    place, _ = _first_above(values, size, rng, threshold=3, query=6)
    answers = values[np.minimum(place, len(values) - 1)] + laplace_noise(3 / EPSILON, size, rng)
    return _told(place, len(values), below=_BELOW, above=grid(answers), ended=_ENDED)


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
