"""Histograms: one patient moves one bin by 1."""

from __future__ import annotations

import numpy as np

from checks.dp_audit.model import Claim, Floats, Pair
from checks.dp_audit.neighbours import Adjacency, patterns
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

EPSILON = 0.5
_CLAIM = Claim(EPSILON)
_FIVE = patterns(Adjacency.ENTRY, 5)[:3]
_SMALL = (*_FIVE, Pair("around the limit", (5.0, 9.0), (4.0, 9.0)))


def noisy_histogram(values: Floats, size: int, rng: np.random.Generator, scale: float) -> Floats:
    """Every bin with Laplace noise of this scale."""
    return grid(values + laplace_noise(scale, (size, len(values)), rng))


@specimen(claim=_CLAIM, pairs=_FIVE)
def histogram_1(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Ding et al. 2018, algorithm 9."""
    return noisy_histogram(values, size, rng, 1 / EPSILON)


@specimen(claim=_CLAIM, pairs=_FIVE, wrong="the scale is epsilon, not 1 / epsilon")
def histogram_2(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Ding et al. 2018, algorithm 10."""
    return noisy_histogram(values, size, rng, EPSILON)


@specimen(claim=_CLAIM, pairs=_SMALL)
def histogram_without_small_bins(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Bins whose noisy count is small are released as 0: post-processing."""
    noisy = noisy_histogram(values, size, rng, 1 / EPSILON)
    return np.where(noisy < 5, 0.0, noisy)


@specimen(claim=_CLAIM, pairs=_FIVE, wrong="empty bins get no noise, so a 0 says that nobody is there")
def noise_only_where_somebody_is(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Sparse storage of a histogram, noise on what is stored."""
    return np.where(values == 0, 0.0, noisy_histogram(values, size, rng, 1 / EPSILON))


@specimen(claim=_CLAIM, pairs=_SMALL, wrong="counts below 5 are released as they are")
def noise_skipped_for_small_counts(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The small counts are the ones that identify."""
    return np.where(values < 5, values, noisy_histogram(values, size, rng, 1 / EPSILON))
