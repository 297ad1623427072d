"""The largest of several noisy answers: Ding et al. 2018, https://doi.org/10.1145/3243734.3243818, algorithms 5 to
8.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from checks.dp_audit.model import Claim, Floats
from checks.dp_audit.neighbours import Adjacency, patterns
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

EPSILON = 1.0
_CLAIM = Claim(EPSILON)
_FIVE = patterns(Adjacency.ENTRIES, 5)


def noisy_laplace(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """Answers with Laplace noise of scale 2 / epsilon, shape (size, len(values))."""
    return values + laplace_noise(2 / epsilon, (size, len(values)), rng)


def noisy_exponential(values: Floats, size: int, rng: np.random.Generator, epsilon: float = EPSILON) -> Floats:
    """The same with exponential noise."""
    return values + rng.exponential(2 / epsilon, (size, len(values)))


def largest(noisy: Floats) -> Floats:
    """Value of the largest, on the grid; entry by entry, which is faster than row by row."""
    return grid(reduce(np.maximum, noisy.T))


def place(noisy: Floats) -> Floats:
    """Index of the largest."""
    return np.asarray(np.argmax(noisy, axis=1), dtype=np.float64)


@specimen(claim=_CLAIM, pairs=_FIVE)
def noisy_max_1(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The place of the largest, Laplace."""
    return place(noisy_laplace(values, size, rng))


@specimen(claim=_CLAIM, pairs=_FIVE)
def noisy_max_2(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The place of the largest, exponential."""
    return place(noisy_exponential(values, size, rng))


@specimen(claim=_CLAIM, pairs=_FIVE, wrong="the largest value is released, not its place")
def noisy_max_3(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Laplace."""
    return largest(noisy_laplace(values, size, rng))


@specimen(claim=_CLAIM, pairs=_FIVE, wrong="the largest value is released, and exponential noise bounds it from below")
def noisy_max_4(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Exponential."""
    return largest(noisy_exponential(values, size, rng))


def _exponential_mechanism(weight: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    chances = np.exp(weight * (values - values.max()))
    return np.asarray(rng.choice(len(values), size, p=chances / chances.sum()), dtype=np.float64)


@specimen(claim=_CLAIM, pairs=_FIVE)
def exponential_mechanism(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """McSherry and Talwar 2007: weights e^(epsilon u / 2)."""
    return _exponential_mechanism(EPSILON / 2, values, size, rng)


@specimen(
    claim=_CLAIM, pairs=_FIVE, wrong="weights e^(epsilon u): the factor 2 for scores that rise and fall is missing"
)
def exponential_mechanism_without_the_two(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Right only for scores that all move the same way."""
    return _exponential_mechanism(EPSILON, values, size, rng)
