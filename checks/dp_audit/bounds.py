"""From counts to certified bounds: epsilon, mu, and what so many samples could have shown.

With ``delta`` = 0 the numbers of outputs are Poisson, so the hits are too, and given how many there are altogether the
likely input's share of them is binomial with p1 / (p1 + p2) (Przyborowski and Wilenski 1940,
https://doi.org/10.1093/biomet/31.3-4.313). One Clopper-Pearson interval for that share bounds p1 / p2 exactly, and
tighter than one for each probability.

Otherwise two one-sided Clopper-Pearson intervals share alpha: with probability at least 1 - alpha both hold, and then
``P(likely) - delta <= e^epsilon P(unlikely)`` for every epsilon that the mechanism really has.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, ndtri

from checks.dp_audit.model import Bound, Floats, Hits

_POWER_Z = 1.645  # a chance of 95 % to be detected


def lower(hits: int, samples: int, alpha: float) -> float:
    """Clopper-Pearson: with confidence 1 - alpha the probability is at least this."""
    return 0.0 if hits == 0 else float(betaincinv(hits, samples - hits + 1, alpha))


def upper(hits: int, samples: int, alpha: float) -> float:
    """Clopper-Pearson: with confidence 1 - alpha the probability is at most this."""
    return 1.0 if hits == samples else float(betaincinv(hits + 1, samples - hits, 1 - alpha))


def certify(hits: Hits, *, delta: float, alpha: float, gaussian: bool = False) -> Bound:
    """What an event's hits in fresh outputs say about the mechanism.

    Args:
        hits: their numbers of outputs were drawn from one Poisson distribution when ``delta`` is 0 (see the module).
        gaussian: also bound mu (Dong, Roth, Su 2022, https://doi.org/10.1111/rssb.12454); takes a positive delta.
    """
    if delta == 0:
        share = lower(hits.likely, hits.likely + hits.unlikely, alpha)
        return Bound(max(0.0, math.log(share / (1 - share))) if share > 0 else 0.0, hits, alpha)
    likely = lower(hits.likely, hits.of_likely, alpha / 2)
    unlikely = upper(hits.unlikely, hits.of_unlikely, alpha / 2)
    epsilon = max(0.0, math.log((likely - delta) / unlikely)) if likely > delta else 0.0
    mu = max(0.0, float(ndtri(likely) - ndtri(unlikely))) if gaussian else None
    return Bound(epsilon, hits, alpha, mu)


def promise(
    likely: Floats, unlikely: Floats, drawn: int, *, delta: float, alpha: float, samples: int, luck: float
) -> Floats:
    """What `certify` will probably say of events with these frequencies, when it looks at ``samples`` outputs.

    For choosing among many events at once. Wilson's interval stands in for Clopper-Pearson's; it is as wide as the
    certification's will be, and as much wider as the best of many worthless events may look good by luck.

    Args:
        likely, unlikely: frequencies among ``drawn`` outputs of each input; any shape.
        luck: standard errors that the best of the events may owe to chance.
    """
    shrink = math.sqrt(drawn / samples)
    with np.errstate(divide="ignore", invalid="ignore"):
        if delta == 0:
            seen, hits = np.rint(likely * drawn), np.rint(likely * drawn) + np.rint(unlikely * drawn)
            share = _wilson(seen / hits, hits, float(ndtri(alpha)) * shrink - luck)
            return np.where(hits > 0, np.log(share / (1 - share)), -np.inf)
        z = float(-ndtri(alpha / 2)) * shrink + luck
        bottom, top = _wilson(likely, drawn, -z), _wilson(unlikely, drawn, z)
        return np.where(bottom > delta, np.log((bottom - delta) / top), -np.inf)


def _wilson(share: Floats, samples: Floats | int, z: float) -> Floats:
    middle = share + z * z / (2 * samples)
    spread = z * np.sqrt(np.maximum(share * (1 - share), 0) / samples + z * z / (4 * samples**2))
    return np.clip((middle + spread) / (1 + z * z / samples), 0, 1)


def detectable_epsilon(claimed: float, samples: int, alpha: float, delta: float = 0.0) -> float:
    """The smallest epsilon for which randomized response would have been refuted with probability 0.95.

    Randomized response shows its loss in one event of probability e^epsilon / (1 + e^epsilon): nothing shows it more
    plainly.

    Returns:
        infinity when so few samples could not have refuted anything.
    """

    def refuted(epsilon: float) -> bool:
        share = 1 / (1 + math.exp(-epsilon))
        variances = share * samples, (1 - share) * samples  # of Poisson counts
        if delta > 0:
            variances = share * (1 - share) * samples, share * (1 - share) * samples
        relative = [math.sqrt(v) / (p * samples) for v, p in zip(variances, (share, 1 - share), strict=True)]
        err = _POWER_Z / math.hypot(*relative)  # the two counts err together: each by its part of the way
        likely = max(0, math.floor(share * samples * (1 - err * relative[0] ** 2)))
        unlikely = min(samples, math.ceil((1 - share) * samples * (1 + err * relative[1] ** 2)))
        return certify(Hits(likely, unlikely, samples, samples), delta=delta, alpha=alpha).epsilon > claimed

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
    """Epsilon of the Gaussian mechanism with sensitivity / sigma = ``mu`` at a positive delta; 0 when mu is."""
    from dp_accounting import get_epsilon_gaussian  # noqa: PLC0415  two seconds, only when asked

    with np.errstate(divide="ignore"):  # it takes the logarithm of a delta that rounds to 0
        return float(get_epsilon_gaussian(1 / mu, delta)) if mu > 0 else 0.0
