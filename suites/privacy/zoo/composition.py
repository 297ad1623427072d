"""Several releases, sampling, and delta: what together costs more than it seems."""

from __future__ import annotations

import math

import numpy as np

from checks.dp_audit.model import Claim, Floats, Pair
from checks.dp_audit.neighbours import Adjacency, patterns
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

_ONE = patterns(Adjacency.ENTRY, 1)[:3]
_TWO = (Pair("both answers move", (0.0, 0.0), (1.0, 1.0)), Pair("one answer moves", (0.0, 0.0), (1.0, 0.0)))
_DELTA = 0.02
_RATE = 0.2
_AMPLIFIED = Claim(math.log1p(_RATE * math.expm1(2.0)))
_PATIENTS = (Pair("one more", (1.0, 0.0, 1.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0)),)


@specimen(claim=Claim(1.0), pairs=_ONE)
def two_releases_of_half_the_budget(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Half of epsilon each."""
    return grid(values[0] + laplace_noise(2, (size, 2), rng))


@specimen(claim=Claim(1.0), pairs=_ONE, wrong="two requests saw the same budget before either was charged")
def budget_checked_then_charged(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Each spends the whole."""
    return grid(values[0] + laplace_noise(1, (size, 2), rng))


@specimen(claim=Claim(1.0), pairs=_TWO)
def fresh_noise_for_every_answer(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Half of epsilon each."""
    return grid(values + laplace_noise(2, (size, 2), rng))


@specimen(claim=Claim(1.0), pairs=_TWO, wrong="both answers are drawn from the same seed: their difference is exact")
def noise_from_one_seed(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The generator is made anew for each query."""
    return grid(values + laplace_noise(2, (size, 1), rng))


@specimen(claim=Claim(0.5, _DELTA), pairs=_ONE)
def delta_spent_once(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Tells the truth with probability delta, and else nothing."""
    return np.where(rng.random(size) < _DELTA, values[0], -1.0)


@specimen(claim=Claim(0.5, _DELTA), pairs=_ONE, wrong="two releases, each with the whole delta")
def delta_spent_twice(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Two chances to tell the truth."""
    return np.where(rng.random((size, 2)) < _DELTA, values[0], -1.0)


@specimen(claim=_AMPLIFIED, pairs=_PATIENTS)
def noisy_sum_of_a_secret_sample(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Each patient takes part with probability q: amplification to ln(1 + q (e^epsilon - 1))."""
    taken = rng.random((size, len(values))) < _RATE
    return grid((taken * values).sum(axis=1) + laplace_noise(0.5, size, rng))


@specimen(
    claim=_AMPLIFIED,
    pairs=_PATIENTS,
    wrong="the sample is the first rows, which is no secret, yet amplification is claimed",
)
def noisy_sum_of_the_first_rows(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Anybody knows who is in it."""
    return grid(values[: math.ceil(_RATE * len(values))].sum() + laplace_noise(0.5, size, rng))
