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
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtri

from checks.dp_audit.model import Bound, Claim, Floats, Hits

Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
POWER_Z = 1.645  # a chance of 95 % to be detected
_HITS = 10_000  # counts that are tried
_LEARNT = 6.3  # a chance of 95 % that an output is there three times, from when on it is an atom
_FORESEEN = 400  # certifications that are played through before one is made


def lower(hits: npt.ArrayLike, samples: npt.ArrayLike, alpha: float) -> Floats:
    """Clopper-Pearson: with confidence 1 - alpha the probability is at least this."""
    seen, n = np.asarray(hits), np.asarray(samples)
    return np.where(seen == 0, 0.0, betaincinv(np.maximum(seen, 1), np.maximum(n - seen, 0) + 1, alpha))


def upper(hits: npt.ArrayLike, samples: npt.ArrayLike, alpha: float) -> Floats:
    """Clopper-Pearson: with confidence 1 - alpha the probability is at most this."""
    seen, n = np.asarray(hits), np.asarray(samples)
    return np.where(seen >= n, 1.0, betaincinv(seen + 1, np.maximum(n - seen, 1), 1 - alpha))


def certified(counts: Counts, *, delta: float, alpha: float) -> Floats:
    """The epsilon that events' hits certify; 0 where nothing is.

    Args:
        counts: hits and outputs of the likely input, then of the unlikely one; arrays of one shape.
    """
    likely, of_likely, unlikely, of_unlikely = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        if delta == 0:
            share = lower(likely, likely + unlikely, alpha)
            found = np.log(share / (1 - share))
        else:
            bottom, top = lower(likely, of_likely, alpha / 2), upper(unlikely, of_unlikely, alpha / 2)
            found = np.where(bottom > delta, np.log(np.maximum(bottom - delta, 0) / top), 0.0)
    return np.maximum(found, 0.0)


def certify(hits: Hits, *, delta: float, alpha: float, gaussian: bool = False) -> Bound:
    """What an event's hits in fresh outputs say about the mechanism.

    Args:
        hits: their numbers of outputs were drawn from one Poisson distribution when ``delta`` is 0 (see the module).
        gaussian: also bound mu (Dong, Roth, Su 2022, https://doi.org/10.1111/rssb.12454); takes a positive delta.
    """
    counts = hits.likely, hits.of_likely, hits.unlikely, hits.of_unlikely
    epsilon = float(certified((*map(np.asarray, counts),), delta=delta, alpha=alpha))  # type: ignore[arg-type]
    if not gaussian or delta == 0:
        return Bound(epsilon, hits, alpha)
    likely, unlikely = lower(*counts[:2], alpha / 2), upper(*counts[2:], alpha / 2)
    return Bound(epsilon, hits, alpha, max(0.0, float(ndtri(likely) - ndtri(unlikely))))


def expected(
    likely: int, unlikely: int, drawn: int, *, delta: float, alpha: float, samples: int, gaussian: bool = False
) -> tuple[float, float]:
    """The epsilon that an event will certify in ``samples`` fresh outputs of each input: its mean and its standard
    deviation.

    Args:
        likely, unlikely: its hits in ``drawn`` outputs of each; how often it happens is as uncertain as they leave it
            (a Jeffreys prior).
    """
    chance = np.random.default_rng(_FORESEEN)
    hits = []
    for seen in (likely, unlikely):
        share = chance.beta(seen + 0.5, drawn - seen + 0.5, _FORESEEN)
        hits.append(chance.poisson(share * samples) if delta == 0 else chance.binomial(samples, share))
    whole = np.full(_FORESEEN, samples)
    found = certified((hits[0], whole, hits[1], whole), delta=delta, alpha=alpha)
    if gaussian and delta > 0:  # what its mu refutes by, in its place
        found = np.maximum(ndtri(lower(hits[0], whole, alpha / 2)) - ndtri(upper(hits[1], whole, alpha / 2)), 0.0)
    return float(found.mean()), float(found.std())


def promise(
    likely: Floats,
    unlikely: Floats,
    drawn: int,
    *,
    delta: float,
    alpha: float,
    samples: int,
    luck: float,
    gaussian: bool = False,
) -> Floats:
    """What `certify` will probably say of events with these frequencies, when it looks at ``samples`` outputs.

    For choosing among many events at once. Wilson's interval stands in for Clopper-Pearson's; it is as wide as the
    certification's will be, and as much wider as the best of many worthless events may look good by luck.

    Args:
        likely, unlikely: frequencies among ``drawn`` outputs of each input; any shape.
        luck: standard errors that the best of the events may owe to chance.
        gaussian: promise the mu in place of the epsilon; takes a positive delta.
    """
    shrink = math.sqrt(drawn / samples)
    with np.errstate(divide="ignore", invalid="ignore"):
        if delta == 0:
            seen, hits = np.rint(likely * drawn), np.rint(likely * drawn) + np.rint(unlikely * drawn)
            share = _wilson(seen / hits, hits, float(ndtri(alpha)) * shrink - luck)
            return np.where(hits > 0, np.log(share / (1 - share)), -np.inf)
        z = float(-ndtri(alpha / 2)) * shrink + luck
        bottom, top = _wilson(likely, drawn, -z), _wilson(unlikely, drawn, z)
        if gaussian:
            return np.asarray(ndtri(bottom) - ndtri(top))
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
        share, rest = 1 / (1 + math.exp(-epsilon)), 1 / (1 + math.exp(epsilon))
        variances = share * samples, rest * samples  # of Poisson counts
        if delta > 0:
            variances = share * rest * samples, share * rest * samples
        relative = [math.sqrt(v) / (p * samples) for v, p in zip(variances, (share, rest), strict=True)]
        err = POWER_Z / math.hypot(*relative)  # the two counts err together: each by its part of the way
        likely = max(0, math.floor(share * samples * (1 - err * relative[0] ** 2)))
        unlikely = min(samples, math.ceil(rest * samples * (1 + err * relative[1] ** 2)))
        return certify(Hits(likely, unlikely, samples, samples), delta=delta, alpha=alpha).epsilon > claimed

    return least_epsilon(refuted, claimed)


def least_epsilon(refuted: Callable[[float], bool], claimed: float) -> float:
    """The smallest epsilon above a claimed one for which a condition holds that holds for all above it; infinity when
    there is none up to 64.
    """
    low, high = claimed, claimed + 1.0
    while not refuted(high):
        low, high = high, claimed + 2 * (high - claimed)
        if high > 64:
            return math.inf
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if refuted(middle) else (middle, high)
    return high


def smallest_event(claim: Claim, samples: int, alpha: float, learning: int) -> float:
    """The least probability of an event, which only one of the inputs has, that refutes a claim with a chance of 95 %.

    Args:
        samples: fresh outputs of each input to certify with; ``learning`` those from which the event is learnt.

    Returns:
        above 1 when so few samples could not have refuted anything.
    """
    hits = np.arange(1, samples + 1) if samples < _HITS else np.unique(np.geomspace(1, samples, _HITS).astype(np.int64))
    none, whole = np.zeros_like(hits), np.full_like(hits, samples)
    enough = hits[certified((hits, whole, none, whole), delta=claim.delta, alpha=alpha) > claim.epsilon]
    if not len(enough):
        return math.inf
    wanted = float(enough[0])
    certain = (POWER_Z + math.sqrt(POWER_Z**2 + 4 * wanted)) / 2  # the square root of a Poisson mean
    return max(certain**2 / samples, _LEARNT / learning)


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Epsilon of the Gaussian mechanism with sensitivity / sigma = ``mu`` at a positive delta; 0 when mu is."""
    from dp_accounting import get_epsilon_gaussian  # noqa: PLC0415  two seconds, only when asked

    with np.errstate(divide="ignore"):  # it takes the logarithm of a delta that rounds to 0
        return float(get_epsilon_gaussian(1 / mu, delta)) if mu > 0 else 0.0
