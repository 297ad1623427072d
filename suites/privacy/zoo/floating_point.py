"""Noise drawn and added in doubles: Mironov 2012, https://doi.org/10.1145/2382196.2382264. The twins round what they
release.
"""

from __future__ import annotations

import numpy as np

from checks.dp_audit.model import Claim, Floats
from checks.dp_audit.neighbours import Adjacency, patterns
from fixtures.reference.router.privacy.calibration import analytic_multiplier
from suites.privacy.zoo.specimen import specimen

_ONE = patterns(Adjacency.ENTRY, 1)[:3]
_SIGMA = analytic_multiplier(1.0, 1e-5)


@specimen(claim=Claim(1.0), pairs=_ONE, wrong="adding noise to 1 gives a coarser grid of doubles than adding it to 0")
def laplace_in_doubles(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The textbook line."""
    return np.asarray(values[0] + rng.laplace(0, 1.0, size))


@specimen(
    claim=Claim(1.0, 1e-5), pairs=_ONE, wrong="adding noise to 1 gives a coarser grid of doubles than adding it to 0"
)
def gaussian_in_doubles(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The textbook line."""
    return np.asarray(values[0] + rng.normal(0, _SIGMA, size))
