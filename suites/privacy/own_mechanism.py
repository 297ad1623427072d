"""The functions that answer on the hospital nodes, in a form that the auditor takes: in process, with nothing in
between.

Neighbours differ by one patient. The noise does not depend on the data, so a group of k patients moves an answer k
times as far through the same noise: a Gaussian release that keeps (epsilon, delta) for one patient has a mu of at most
1 / `NEEDED`, and then k / `NEEDED` for the group (Dong, Roth, Su 2022, Theorem 4, https://doi.org/10.1111/rssb.12454).
The same broken noise shows in a thousandth of the samples, and less, when a group of 48 is what differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from checks.dp_audit.bounds import gaussian_epsilon
from checks.dp_audit.model import Claim, Floats, Pair, Sample
from fixtures.reference.hospital import mechanism
from fixtures.reference.hospital.bounds import sensitivities
from fixtures.reference.hospital.query import Query
from fixtures.reference.router.privacy.calibration import analytic_multiplier
from fixtures.services.hospital import DELTA, EPSILON

NEEDED = analytic_multiplier(EPSILON, DELTA)
"""The least noise multiplier that keeps the reference claim, 69.27."""
BINS = 4


@dataclass(frozen=True)
class Answers:
    """The answers to one kind of query.

    Args:
        at: noise multiplier -> its sampler.
        moves: by how much one patient moves each value, from the public bounds of the columns and not from what a node
            calibrates its noise with, which may be wrong.
    """

    name: str
    at: Callable[[float], Sample]
    moves: tuple[float, ...]

    def __repr__(self) -> str:
        """Its name: tests are named by it."""
        return self.name

    def pair(self, patients: int = 1) -> Pair:
        """Nobody, and so many patients more."""
        more = tuple(patients * moved for moved in self.moves)
        return Pair(f"nobody and {patients:,} more", (0.0,) * len(more), more)


def claim(patients: int = 1) -> Claim:
    """What the reference claim, which is for one patient, leaves a group of so many."""
    return Claim(EPSILON if patients == 1 else gaussian_epsilon(patients / NEEDED, DELTA), DELTA)


def _bins(multiplier: float) -> Sample:
    def sample(values: Floats, size: int, rng: np.random.Generator) -> Floats:
        """One call: many histograms side by side are one of many bins, and each bin has noise of its own."""
        del rng  # the mechanism draws from the operating system, so an audit of it cannot be repeated to the bit
        released, _ = mechanism.noisy_bins([int(v) for v in values] * size, multiplier)
        return np.asarray(released, dtype=np.float64).reshape(size, values.size)

    return sample


def _together(query: Query) -> Callable[[float], Sample]:
    moved = sensitivities(query)

    def at(multiplier: float) -> Sample:
        def sample(values: Floats, size: int, rng: np.random.Generator) -> Floats:
            del rng
            exact = [int(v) for v in values]
            return np.array([mechanism.noisy(exact, moved, multiplier)[0] for _ in range(size)], dtype=np.float64)

        return sample

    return at


COUNTS_IN_ONE_BIN = Answers("histogram of one bin", _bins, (1.0,))  # the fastest way to many releases
ANSWERS = (
    COUNTS_IN_ONE_BIN,
    Answers("histogram", _bins, (1.0, *(0.0,) * (BINS - 1))),
    Answers("count", _together(Query(kind="count")), (1.0,)),
    Answers("sum of ages", _together(Query(kind="sum", column="age")), (100.0,)),
    Answers("mean of ages", _together(Query(kind="mean", column="age")), (50.0, 1.0)),
)
