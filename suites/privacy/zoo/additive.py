"""One number plus noise: the right amount of it, and the ways to get the amount wrong."""

from __future__ import annotations

import math

import numpy as np

from checks.dp_audit.model import Claim, Floats, Pair
from checks.dp_audit.neighbours import Adjacency, patterns
from fixtures.reference.router.privacy.calibration import analytic_multiplier
from suites.privacy.zoo.specimen import grid, laplace_noise, specimen

_ONE = patterns(Adjacency.ENTRY, 1)[:3]
_PURE = Claim(1.0)
_APPROXIMATE = Claim(1.0, 1e-5)
_SIGMA = analytic_multiplier(_APPROXIMATE.epsilon, _APPROXIMATE.delta)


def _laplace(scale: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    return grid(values[0] + laplace_noise(scale, size, rng))


def _gaussian(sigma: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    return grid(values[0] + rng.normal(0, sigma, size))


@specimen(claim=_PURE, pairs=_ONE)
def laplace(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Scale 1 / epsilon."""
    return _laplace(1.0, values, size, rng)


@specimen(claim=_PURE, pairs=_ONE, wrong="the scale is divided by sqrt(2), as if it were a standard deviation")
def laplace_scale_over_sqrt_2(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Standard deviation and scale confused."""
    return _laplace(1 / math.sqrt(2), values, size, rng)


@specimen(claim=_PURE, pairs=_ONE, wrong="half the scale")
def laplace_scale_halved(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Real epsilon 2."""
    return _laplace(0.5, values, size, rng)


@specimen(claim=Claim(2.0), pairs=_ONE, wrong="the scale is squared: 1 / epsilon^2")
def laplace_scale_squared(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Real epsilon 4."""
    return _laplace(0.25, values, size, rng)


@specimen(claim=_PURE, pairs=_ONE)
def laplace_clamped_afterwards(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Clamping what is released is post-processing."""
    return np.clip(_laplace(1.0, values, size, rng), 0.0, 2.0)


@specimen(
    claim=_PURE, pairs=_ONE, wrong="the noise is truncated to three scales, so the ends of the range name the input"
)
def laplace_noise_truncated(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Truncation after the claim was computed."""
    return grid(values[0] + np.clip(laplace_noise(1, size, rng), -3, 3))


@specimen(
    claim=_PURE, pairs=_ONE, wrong="exponential noise is never negative: what lies below the value has another origin"
)
def noise_on_one_side(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """No noise below the value."""
    return grid(values[0] + rng.exponential(1.0, size))


@specimen(claim=_PURE, pairs=_ONE, wrong="four bits of randomness give sixteen different noises")
def noise_of_four_bits(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Inverse transform of a coarse uniform."""
    uniform = (rng.integers(0, 16, size) + 0.5) / 16 - 0.5
    return grid(values[0] - np.sign(uniform) * np.log1p(-2 * np.abs(uniform)))


@specimen(claim=_PURE, pairs=_ONE)
def geometric(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Ghosh, Roughgarden, Sundararajan 2012: two-sided geometric noise with ratio e^-epsilon."""
    return _geometric(math.exp(-1.0), values, size, rng)


@specimen(claim=_PURE, pairs=_ONE, wrong="the ratio is e^(-2 epsilon)")
def geometric_with_doubled_epsilon(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Real epsilon 2."""
    return _geometric(math.exp(-2.0), values, size, rng)


def _geometric(ratio: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    noise = rng.geometric(1 - ratio, size) - rng.geometric(1 - ratio, size)
    return np.asarray(np.round(values[0]) + noise, dtype=np.float64)


@specimen(claim=_APPROXIMATE, pairs=_ONE, gaussian=True)
def gaussian_analytic(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Balle and Wang 2018, calibrated to the claim."""
    return _gaussian(_SIGMA, values, size, rng)


@specimen(claim=_APPROXIMATE, pairs=_ONE, gaussian=True, wrong="half the standard deviation")
def gaussian_sigma_halved(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Calibrated, then halved."""
    return _gaussian(_SIGMA / 2, values, size, rng)


@specimen(claim=_APPROXIMATE, pairs=_ONE, gaussian=True, wrong="sigma is taken for the variance")
def gaussian_sigma_taken_for_variance(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The standard deviation is sqrt(sigma)."""
    return _gaussian(math.sqrt(_SIGMA), values, size, rng)


@specimen(claim=Claim(0.05, 1e-6), pairs=_ONE, gaussian=True, wrong="sigma 1.5 gives epsilon 3.0976, not 0.05")
def gaussian_sigma_one_and_a_half(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """A multiplier that was copied from another claim."""
    return _gaussian(1.5, values, size, rng)


@specimen(claim=_PURE, pairs=_ONE, wrong="Gaussian noise has no pure epsilon: far out it loses any amount")
def gaussian_with_a_pure_claim(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Delta forgotten."""
    return _gaussian(1.0, values, size, rng)


_FRACTIONS = (*_ONE, Pair("half a step", (0.0,), (0.5,)))


@specimen(
    claim=_PURE, pairs=_FRACTIONS, wrong="the noise is on a grid and the value is not: its fraction shows through"
)
def noise_rounded_to_the_grid(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Only the noise is rounded."""
    return np.asarray(values[0] + np.round(laplace_noise(1, size, rng)))


@specimen(claim=_PURE, pairs=_FRACTIONS)
def sum_rounded_to_the_grid(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Value and noise are added and then rounded."""
    return np.asarray(np.round(values[0] + laplace_noise(1, size, rng)))
