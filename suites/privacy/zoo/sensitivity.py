"""Several numbers, sums and means: what one person can move, and in which norm."""

from __future__ import annotations

import numpy as np

from checks.dp_audit.model import Claim, Floats, Pair
from checks.dp_audit.neighbours import Adjacency, patterns
from fixtures.reference.router.privacy.calibration import analytic_multiplier
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

_CLAIM = Claim(1.0)
_APPROXIMATE = Claim(1.0, 1e-5)
_SIGMA = analytic_multiplier(1.0, 1e-5)
_FIVE = tuple(
    p for p in patterns(Adjacency.ENTRIES, 5) if p.name in {"all above", "all below", "half above, half below"}
)
_OUTLIER = (Pair("an outlier", (0.5, 0.2, 0.9), (4.0, 0.2, 0.9)),)
_PEOPLE = (Pair("one more", (1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 0.0)), Pair("one more zero", (1.0, 0.0), (1.0,)))


def _vector(values: Floats, size: int, rng: np.random.Generator, scale: float) -> Floats:
    return grid(values + laplace_noise(scale, (size, len(values)), rng))


@specimen(claim=_CLAIM, pairs=_FIVE)
def laplace_for_the_l1_norm(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """All entries move by 1: the L1 norm is their number."""
    return _vector(values, size, rng, len(values))


@specimen(claim=_CLAIM, pairs=_FIVE, wrong="the scale is for the L2 norm; Laplace noise needs the L1 norm")
def laplace_for_the_l2_norm(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Real epsilon sqrt(5)."""
    return _vector(values, size, rng, float(np.sqrt(len(values))))


@specimen(claim=_APPROXIMATE, pairs=_FIVE, gaussian=True)
def gaussian_for_the_l2_norm(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """All entries move by 1: the L2 norm is the root of their number."""
    return grid(values + rng.normal(0, _SIGMA * np.sqrt(len(values)), (size, len(values))))


@specimen(claim=_APPROXIMATE, pairs=_FIVE, gaussian=True, wrong="sigma is for the largest entry; it needs the L2 norm")
def gaussian_for_the_largest_entry(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Calibrated per coordinate."""
    return grid(values + rng.normal(0, _SIGMA, (size, len(values))))


@specimen(claim=_CLAIM, pairs=_OUTLIER)
def clipped_sum(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Entries are clipped to [0, 1] first, whatever arrives."""
    return grid(np.clip(values, 0, 1).sum() + laplace_noise(1, size, rng))


@specimen(claim=_CLAIM, pairs=_OUTLIER, wrong="nothing clips an entry to the [0, 1] that the scale supposes")
def unclipped_sum(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Bounds are promised and not enforced."""
    return grid(values.sum() + laplace_noise(1, size, rng))


@specimen(claim=_CLAIM, pairs=_PEOPLE)
def mean_over_a_noisy_count(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Half of epsilon for the sum, half for the count."""
    total = values.sum() + laplace_noise(2, size, rng)
    people = np.maximum(1.0, len(values) + laplace_noise(2, size, rng))
    return grid(total / people)


@specimen(claim=_CLAIM, pairs=_PEOPLE, wrong="the sum is noisy and the count that divides it is exact")
def mean_over_an_exact_count(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The spread of the noise tells how many there are."""
    return grid((values.sum() + laplace_noise(1, size, rng)) / len(values))
