"""From counts to certified bounds: Clopper-Pearson, epsilon, mu, and what so many samples could have shown.

Two one-sided intervals share alpha: with probability at least 1 - alpha both hold, and then
``P(likely) - delta <= e^epsilon P(unlikely)`` must hold for every epsilon that the mechanism really has.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from checks.dp_audit.model import Bound, Floats

_POWER_Z = 1.645  # a chance of 95 % to be detected


def lower(hits: int, samples: int, alpha: float) -> float:
    """Clopper-Pearson: with confidence 1 - alpha the probability is at least this."""
    return 0.0 if hits == 0 else float(betaincinv(hits, samples - hits + 1, alpha))


def upper(hits: int, samples: int, alpha: float) -> float:
    """Clopper-Pearson: with confidence 1 - alpha the probability is at most this."""
    return 1.0 if hits == samples else float(betaincinv(hits + 1, samples - hits, 1 - alpha))


def certify(
    hits_likely: int, hits_unlikely: int, samples: int, *, delta: float, alpha: float, gaussian: bool = False
) -> Bound:
    """What an event's counts, in ``samples`` fresh outputs of each input, say about the mechanism.

    Args:
        gaussian: also bound mu (Dong, Roth, Su 2022, https://doi.org/10.1111/rssb.12454).
    """
    likely = lower(hits_likely, samples, alpha / 2)
    unlikely = upper(hits_unlikely, samples, alpha / 2)
    epsilon = max(0.0, math.log((likely - delta) / unlikely)) if likely > delta else 0.0
    mu = max(0.0, float(ndtri(likely) - ndtri(unlikely))) if gaussian else None
    return Bound(epsilon, hits_likely, hits_unlikely, samples, alpha, mu)


def promise(likely: Floats, unlikely: Floats, drawn: int, *, delta: float, alpha: float, samples: int) -> Floats:
    """What `certify` will probably say of events with these frequencies, when it looks at ``samples`` outputs.

    For choosing among many events at once. Wilson's interval stands in for Clopper-Pearson's; it is as wide as the
    certification's will be, and a standard error of the choosing itself wider, so that luck is not mistaken for signal.

    Args:
        likely, unlikely: frequencies among ``drawn`` outputs of each input; any shape.
    """
    z = float(-ndtri(alpha / 2)) * math.sqrt(drawn / samples) + 1.0
    bottom, top = _wilson(likely, drawn, -z), _wilson(unlikely, drawn, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > delta, np.log((bottom - delta) / top), -np.inf)


def _wilson(share: Floats, samples: int, z: float) -> Floats:
    middle = share + z * z / (2 * samples)
    spread = z * np.sqrt(share * (1 - share) / samples + z * z / (4 * samples**2))
    return np.asarray((middle + spread) / (1 + z * z / samples))


def detectable_epsilon(claimed: float, samples: int, alpha: float, delta: float = 0.0) -> float:
    """The smallest epsilon for which randomized response would have been refuted with probability 0.95.

    Randomized response shows its loss in one event of probability e^epsilon / (1 + e^epsilon): nothing shows it more plainly.

    Returns:
        infinity when so few samples could not have refuted anything.
    """

    def refuted(epsilon: float) -> bool:
        share = float(1 / (1 + np.exp(-epsilon)))
        spread = (
            _POWER_Z * math.sqrt(share * (1 - share) / samples) / math.sqrt(2)
        )  # two independent counts err together
        likely = max(0, math.floor((share - spread) * samples))
        unlikely = min(samples, math.ceil((1 - share + spread) * samples))
        return certify(likely, unlikely, samples, delta=delta, alpha=alpha).epsilon > claimed

    low, high = claimed, claimed + 1.0
    while not refuted(high):
        low, high = high, claimed + 2 * (high - claimed)
        if high > 64:
            return math.inf
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if refuted(middle) else (middle, high)
    return high


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Epsilon of the Gaussian mechanism with sensitivity / sigma = ``mu`` (Balle and Wang 2018, Theorem 8); 0 when mu is."""
    if mu <= 0 or delta <= 0:
        return 0.0 if mu <= 0 else math.inf

    def given(epsilon: float) -> float:
        second = float(ndtr(-mu / 2 - epsilon / mu))
        return float(ndtr(mu / 2 - epsilon / mu)) - (math.exp(epsilon + math.log(second)) if second > 0 else 0.0)

    low, high = 0.0, 1.0
    if given(0.0) <= delta:
        return 0.0
    while given(high) > delta:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if given(middle) > delta else (low, middle)
    return low
