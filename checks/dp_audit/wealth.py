"""Betting against a claim: wealth that a true claim lets grow a thousandfold no more than once in a thousand times.

A bet is on an event that was chosen before the outputs came. Per pair of outputs, one of each input, it pays
``1 + stake * (likely - e^epsilon * unlikely - delta)``, where each word is 1 when that output is in the event. If the
claim is true the payment is 1 on average at most, whatever was bet and however the bet was chosen from what came
before, so the wealth is an e-process: it ever reaches 1 / alpha with a chance of alpha at most (Ville), at whatever
time one looks (Gonzalez et al. 2025, https://arxiv.org/abs/2509.07055; Waudby-Smith and Ramdas 2024,
https://doi.org/10.1093/jrsssb/qkad009).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from checks.dp_audit.bounds import POWER_Z, least_epsilon
from checks.dp_audit.model import Claim, Floats, Truths

STAKES = 0.99 * 0.5 ** np.arange(6)  # shares of the largest stake that cannot lose more than all; each has its purse


def payments(likely: Truths, unlikely: Truths, claim: Claim) -> Floats:
    """Logarithms of what every stake pays, pair by pair of outputs: shape (n, stakes)."""
    worth = math.exp(claim.epsilon)
    gain = likely.astype(np.float64) - worth * unlikely - claim.delta
    return np.log1p(gain[:, np.newaxis] * STAKES / (worth + claim.delta))


def growth(likely: float, unlikely: float, claim: Claim) -> Floats:
    """By how much the logarithm of each stake's wealth grows per pair of outputs, for these probabilities."""
    chances = np.outer((likely, 1 - likely), (unlikely, 1 - unlikely)).ravel()
    sides = np.array([[True, True], [True, False], [False, True], [False, False]])
    return np.asarray(chances @ payments(sides[:, 0], sides[:, 1], claim))


def together(purses: Floats, weights: npt.ArrayLike = 1.0) -> Floats:
    """The logarithm of the wealth in purses, the last axis, of which each began with its weight."""
    most = np.max(purses, axis=-1)
    return np.asarray(most + np.log((np.exp(purses - most[..., np.newaxis]) * weights).sum(axis=-1)))


def implied(claim: Claim, *, gaussian: bool) -> tuple[Claim, ...]:
    """The claim, and others that must hold with it: of Gaussian noise, its whole trade-off of epsilon against delta."""
    if not gaussian or claim.delta == 0:
        return (claim,)
    from dp_accounting import get_sigma_gaussian  # noqa: PLC0415  two seconds, only when asked

    mu = 1 / float(get_sigma_gaussian(claim.epsilon, claim.delta))
    return (claim, *(Claim(epsilon, _delta(mu, epsilon)) for epsilon in (0.0, mu / 2, 1.5 * mu)))


def _delta(mu: float, epsilon: float) -> float:
    """Delta of Gaussian differential privacy at an epsilon (Dong, Roth, Su 2022, corollary 2.13)."""
    return float(ndtr(mu / 2 - epsilon / mu) - math.exp(epsilon) * ndtr(-mu / 2 - epsilon / mu))


def least_to_win(samples: int, claim: Claim, wanted: float) -> tuple[float, float]:
    """What so many pairs of outputs could have refuted with a chance of 95 %.

    Args:
        wanted: the logarithm by which a purse must grow.

    Returns:
        the epsilon of randomized response, infinity when none; and the probability of an event that only the likely
        input has, above 1 when none. Of a rare event, half of the outputs are gone before it is bet on.
    """

    def refuted(epsilon: float) -> bool:
        share = 1 / (1 + math.exp(-epsilon))
        grown = samples * float(growth(share, 1 - share, claim).max())
        return grown > 0 and grown - POWER_Z * math.sqrt(2 * grown) >= wanted

    hit = math.log1p(STAKES[0] * (1 - claim.delta) / (math.exp(claim.epsilon) + claim.delta))
    hits = math.ceil(wanted / hit)
    return least_epsilon(refuted, claim.epsilon), 2 * (hits + POWER_Z * math.sqrt(hits)) / samples
