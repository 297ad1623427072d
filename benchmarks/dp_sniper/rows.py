"""The mechanisms of DP-Sniper's evaluation, each at epsilon 0.1, and the lower bounds that it published for them.

Bichsel, Steffen, Bogunovic, Vechev 2021 (https://doi.org/10.1109/SP40001.2021.00081): 95 % confidence, 2 x 10^8
samples, c = 0.01, neighbours as in StatDP, inputs within [-10, 10]. Mechanisms are those of Lyu et al. 2017 (sparse
vector, one answer), Ding et al. 2018 (noisy maximum, histograms), Wang et al. 2019 (prefix sum) and Erlingsson et al.
2014 (RAPPOR).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from checks.dp_audit.model import Floats, Pair, Sample
from checks.dp_audit.neighbours import Adjacency, patterns
from suites.privacy.zoo import histograms, local, noisy_max, sparse_vector
from suites.privacy.zoo.specimen import grid, laplace_noise

EPSILON = 0.1


@dataclass(frozen=True)
class SniperRow:
    """A mechanism, its neighbours and what DP-Sniper certified; ``limit`` is the epsilon that it really has, where
    known.
    """

    name: str
    sample: Sample
    published: float
    pairs: tuple[Pair, ...]
    adjacency: Adjacency
    limit: str

    @property
    def length(self) -> int:
        """Entries of an input."""
        return len(self.pairs[0].first)


def _laplace(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    return grid(values[0] + laplace_noise(1 / EPSILON, size, rng))


def _prefix_sum(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    return grid(np.cumsum(values + laplace_noise(1 / EPSILON, (size, len(values)), rng), axis=1))


def _release(
    noise: Callable[..., Floats],
    released: Callable[[Floats], Floats],
    values: Floats,
    size: int,
    rng: np.random.Generator,
) -> Floats:
    return released(noise(values, size, rng, epsilon=EPSILON))


def _rappor(share: Callable[[float], Floats], values: Floats, size: int, rng: np.random.Generator) -> Floats:
    return local.reported(share(values[0]), size, rng)


def rows() -> tuple[SniperRow, ...]:
    """In the order of the paper's table."""
    one = patterns(Adjacency.ENTRY, 1)
    bins = patterns(Adjacency.ENTRY, 5)
    five, ten = patterns(Adjacency.ENTRIES, 5), patterns(Adjacency.ENTRIES, 10)
    entry, entries = Adjacency.ENTRY, Adjacency.ENTRIES
    laplace, exponential = noisy_max.noisy_laplace, noisy_max.noisy_exponential
    svt = sparse_vector
    at_half = partial(svt.algorithm_1, epsilon=EPSILON, at=0.5)
    return (
        SniperRow("Laplace", _laplace, 0.0976, one, entry, "0.1"),
        SniperRow("NoisyHist1", partial(histograms.noisy_histogram, scale=1 / EPSILON), 0.0978, bins, entry, "0.1"),
        SniperRow("NoisyHist2", partial(histograms.noisy_histogram, scale=EPSILON), 4.602, bins, entry, "10"),
        SniperRow("RNM1", partial(_release, laplace, noisy_max.place), 0.0925, five, entries, "0.1"),
        SniperRow("RNM2", partial(_release, exponential, noisy_max.place), 0.0979, five, entries, "0.1"),
        SniperRow("RNM3", partial(_release, laplace, noisy_max.largest), 0.2488, five, entries, "0.25"),
        SniperRow("RNM4", partial(_release, exponential, noisy_max.largest), 0.353, five, entries, "unbounded"),
        SniperRow("SVT1", at_half, 0.0858, ten, entries, "0.1"),
        SniperRow("SVT3", partial(svt.algorithm_3, epsilon=EPSILON), 0.182, ten, entries, "unbounded"),
        SniperRow("SVT4", partial(svt.algorithm_4, epsilon=EPSILON), 0.170, ten, entries, "0.175"),
        SniperRow("SVT5", partial(svt.algorithm_5, epsilon=EPSILON), 1.761, ten, entries, "unbounded"),
        SniperRow("SVT6", partial(svt.algorithm_6, epsilon=EPSILON), 0.272, ten, entries, "unbounded"),
        SniperRow("PrefixSum", _prefix_sum, 0.577, ten, entries, "1"),
        SniperRow("OneTimeRAPPOR", partial(_rappor, local.one_time_share), 0.600, local.VALUES, entry, "0.8007"),
        SniperRow("RAPPOR", partial(_rappor, local.permanent_share), 0.301, local.VALUES, entry, "0.4001"),
    )
