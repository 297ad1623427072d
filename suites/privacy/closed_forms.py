"""Truth values from first principles: formulas and numerical integrals that share no code with the product or with
dp-accounting. Sensitivity is 1 throughout; ``sigma`` is the noise multiplier, ``b`` the Laplace scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import log_ndtr
from scipy.stats import norm

_Floats = npt.NDArray[np.float64]
# https://github.com/google/differential-privacy: DEFAULT_RDP_ORDERS of dp-accounting, written out once more
RDP_ORDERS = (*(1 + tenths / 10 for tenths in range(1, 100)), *range(11, 64), 128, 256, 512, 1024)
# compute_dp_sgd_privacy of TensorFlow Privacy, up to version 0.7
CLASSIC_ORDERS = (1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 4.5, *range(5, 64), 128, 256, 512)


def gaussian_delta(sigma: float, epsilon: float) -> float:
    """Balle and Wang 2018 (arXiv 1805.06530), Theorem 8."""
    first = math.exp(log_ndtr(0.5 / sigma - epsilon * sigma))
    return first - math.exp(epsilon + log_ndtr(-0.5 / sigma - epsilon * sigma))


def gaussian_delta_integrated(sigma: float, epsilon: float) -> float:
    """The definition: the integral of the positive part of p - e^epsilon q, which lies above one point."""
    edge = sigma**2 * epsilon + 0.5

    def above(x: float) -> float:
        return float(norm.pdf(x, 1, sigma) - math.exp(epsilon) * norm.pdf(x, 0, sigma))

    return float(quad(above, edge, edge + 40 * sigma, epsabs=0, epsrel=1e-10, limit=500)[0])


def gaussian_epsilon(sigma: float, delta: float) -> float:
    """Epsilon at which `gaussian_delta` is delta; 0 where even that is too much."""
    if gaussian_delta(sigma, 0) <= delta:
        return 0.0
    highest = 1 / (2 * sigma**2) + 10 * math.sqrt(-math.log(delta)) / sigma + 1
    return float(brentq(lambda epsilon: gaussian_delta(sigma, epsilon) - delta, 0, highest, xtol=1e-14, rtol=1e-14))


def gaussian_sigma(epsilon: float, delta: float) -> float:
    """Sigma at which `gaussian_delta` is delta."""
    return float(brentq(lambda sigma: gaussian_delta(sigma, epsilon) - delta, 1e-2, 1e4, xtol=1e-12, rtol=1e-14))


def converted(orders: Iterable[float], divergences: Iterable[float], delta: float) -> float:
    """Canonne, Kamath and Steinke 2020 (arXiv 2004.00010), Proposition 12, at the best of the orders."""
    pairs = zip(orders, divergences, strict=True)
    return max(0.0, min(d + math.log1p(-1 / a) - math.log(a * delta) / (a - 1) for a, d in pairs if a > 1))


def converted_classically(orders: Iterable[float], divergences: Iterable[float], delta: float) -> float:
    """Mironov 2017 (arXiv 1702.07476), Proposition 3, at the best of the orders."""
    return min(d + math.log(1 / delta) / (a - 1) for a, d in zip(orders, divergences, strict=True))


def gaussian_rdp_epsilon(sigma: float, delta: float, releases: int = 1) -> float:
    """Mironov 2017, Corollary 3 (order / 2 sigma^2), composed and `converted`."""
    return converted(RDP_ORDERS, [releases * a / (2 * sigma**2) for a in RDP_ORDERS], delta)


def gaussian_rdp_sigma(epsilon: float, delta: float) -> float:
    """Sigma at which `gaussian_rdp_epsilon` is epsilon."""
    return float(brentq(lambda sigma: gaussian_rdp_epsilon(sigma, delta) - epsilon, 1e-2, 1e3, xtol=1e-12))


def laplace_epsilon(b: float, delta: float) -> float:
    """One release: P(loss > e) - e^e Q(loss > e) = 1 - exp((e - 1/b) / 2), solved for e."""
    return 1 / b + 2 * math.log1p(-delta)


def laplace_rdp(b: float, order: float) -> float:
    """Mironov 2017, Proposition 6."""
    a = order
    above = a / (2 * a - 1) * math.exp((a - 1) / b) + (a - 1) / (2 * a - 1) * math.exp(-a / b)
    return math.log(above) / (a - 1)


def response_epsilon(noise: float, buckets: int) -> float:
    """Randomized response: the true bucket against any other, ``noise`` being the chance of a uniform answer."""
    other = noise / buckets
    return math.log((1 - noise + other) / other)


def response_rdp(noise: float, buckets: int, order: float) -> float:
    """Mironov 2017, Proposition 5, for any number of buckets."""
    b = noise / buckets
    a = 1 - noise + b
    total = a**order * b ** (1 - order) + b**order * a ** (1 - order) + (buckets - 2) * b
    return math.log(total) / (order - 1)


def response_delta(per_query: float, queries: int, epsilon: float) -> float:
    """Binary randomized response, so many times: the sum over how often the answer was true."""
    p = 1 / (1 + math.exp(-per_query))
    return sum(
        math.comb(queries, k)
        * max(0.0, p**k * (1 - p) ** (queries - k) - math.exp(epsilon) * (1 - p) ** k * p ** (queries - k))
        for k in range(queries + 1)
    )


def advanced_composition(epsilon: float, delta: float, queries: int, total_delta: float) -> float:
    """Kairouz, Oh and Viswanath 2015 (arXiv 1311.0776), Theorem 3.3: the smallest epsilon that the total delta
    allows.
    """
    best = queries * epsilon
    for i in range(queries // 2 + 1):
        lost = (
            sum(
                math.comb(queries, j) * (math.exp((queries - j) * epsilon) - math.exp((queries - 2 * i + j) * epsilon))
                for j in range(i)
            )
            / (1 + math.exp(epsilon)) ** queries
        )
        if 1 - (1 - delta) ** queries * (1 - lost) <= total_delta * (1 + 1e-12):
            best = min(best, (queries - 2 * i) * epsilon)
    return best


def sampled_delta(q: float, sigma: float, epsilon: float) -> float:
    """One Poisson-sampled Gaussian step: the larger of what adding and what removing a record gives away."""
    e = math.exp(epsilon)
    edge = sigma * math.log((e - 1 + q) / q) + 0.5 / sigma  # in units of sigma
    removed = (1 - q - e) * norm.sf(edge) + q * norm.sf(edge - 1 / sigma)
    added = 0.0
    if 1 / e > 1 - q:
        edge = sigma * math.log((1 / e - 1 + q) / q) + 0.5 / sigma
        added = (1 - e * (1 - q)) * norm.cdf(edge) - e * q * norm.cdf(edge - 1 / sigma)
    return float(max(removed, added))


def sampled_rdp(q: float, sigma: float, order: float) -> float:
    """Mironov, Talwar and Zhang 2019 (arXiv 1908.10530), section 3.3: the moment, integrated numerically."""

    def logarithm(x: float) -> float:
        ratio = np.logaddexp(math.log1p(-q), math.log(q) + (2 * x - 1) / (2 * sigma**2))
        return float(order * ratio - (x / sigma) ** 2 / 2)

    lowest, highest = -14 * sigma, order + 14 * sigma  # one bump lies at 0, the other at the order
    peak = max(logarithm(0.0), logarithm(order))
    accuracy = {"epsabs": 0, "epsrel": 1e-11, "limit": 1000}
    scaled = quad(lambda x: math.exp(logarithm(x) - peak), lowest, highest, points=[0.0, order], **accuracy)[0]
    return (peak + math.log(scaled / (sigma * math.sqrt(2 * math.pi)))) / (order - 1)


def sgd_rdp_epsilon(
    q: float, sigma: float, steps: int, delta: float, orders: Sequence[float] = RDP_ORDERS[:140]
) -> float:
    """DP-SGD by `sampled_rdp`; the largest orders, which never are the best here, are left out."""
    return converted(orders, [steps * sampled_rdp(q, sigma, order) for order in orders], delta)


def sgd_classic_epsilon(q: float, sigma: float, steps: int, delta: float) -> float:
    """DP-SGD as it was published before 2020: `converted_classically`."""
    orders = CLASSIC_ORDERS[:40]
    return converted_classically(orders, [steps * sampled_rdp(q, sigma, order) for order in orders], delta)


def sgd_tight_epsilon(q: float, sigma: float, steps: int, delta: float) -> float:
    """DP-SGD by the distribution of its privacy loss, convolved with itself by a fast Fourier transform.

    Losses are rounded to the nearest point of a grid, so this is an estimate on either side of the truth.
    """
    step, points = 1e-4, 1 << 19
    losses = np.asarray((np.arange(points) - points // 2) * step, dtype=np.float64)
    removed, added = _loss_masses(np.asarray(losses + step / 2, dtype=np.float64), q, sigma)
    return max(_epsilon_of_masses(losses, _convolved(masses, steps), delta) for masses in (removed, added))


def _loss_masses(upper: _Floats, q: float, sigma: float) -> tuple[_Floats, _Floats]:
    def edge(loss: _Floats) -> _Floats:
        inner = np.maximum((np.expm1(loss) + q) / q, 1e-300)  # the loss of no answer is below ln(1 - q)
        return np.where(np.expm1(loss) + q > 0, sigma**2 * np.log(inner) + 0.5, -np.inf)

    at = edge(upper)
    removed = (1 - q) * norm.cdf(at, 0, sigma) + q * norm.cdf(at, 1, sigma)
    added = norm.sf(edge(-upper), 0, sigma)
    return np.diff(removed, prepend=0.0), np.diff(added, prepend=0.0)


def _convolved(masses: _Floats, times: int) -> _Floats:
    spectrum = np.fft.rfft(np.fft.ifftshift(masses))
    return np.asarray(np.fft.fftshift(np.fft.irfft(spectrum**times, len(masses))), dtype=np.float64)


def _epsilon_of_masses(losses: _Floats, masses: _Floats, delta: float) -> float:
    def excess(epsilon: float) -> float:
        above = losses > epsilon
        return float(np.sum(masses[above] * -np.expm1(epsilon - losses[above]))) - delta

    return float(brentq(excess, 0.0, float(losses[-1]), xtol=1e-9))
