"""What a claim's noise really costs, by exact formulas and as an RDP accountant books it.

Neighbours under ``substitute`` differ by one patient removed and one added, so a query moves by up to twice of what
adding or removing one patient moves it (Dwork and Roth 2014, section 2.3, https://doi.org/10.1561/0400000042; the
centred sum of a mean reaches that): the same noise counts half.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from checks.model import CannotLookError
from checks.targets import PrivacyClaim

MOVES = {"add-remove": 1.0, "substitute": 2.0}
_MOST = 1 << 20  # releases; no budget is made for more


def refuse_unknown(claim: PrivacyClaim) -> None:
    """Refuse to judge what is not known here.

    Raises:
        CannotLookError: another law than Gaussian or Laplace, or another adjacency than those of `MOVES`.
    """
    if claim.mechanism not in ("gaussian", "laplace"):
        msg = f"{claim.source} declares the mechanism {claim.mechanism}: only gaussian and laplace can be judged"
        raise CannotLookError(msg)
    if claim.adjacency not in MOVES:
        msg = f"{claim.source} declares the adjacency {claim.adjacency}: only {' and '.join(MOVES)} can be judged"
        raise CannotLookError(msg)


def exact_epsilon(claim: PrivacyClaim, releases: int = 1) -> float:
    """Epsilon of so many releases at the claim's delta, by the law itself; for one Laplace release, its pure
    epsilon.
    """
    from dp_accounting import (  # noqa: PLC0415  two seconds, only when asked
        LaplaceDpEvent,
        SelfComposedDpEvent,
        get_epsilon_gaussian,
    )
    from dp_accounting.pld import PLDAccountant  # noqa: PLC0415

    multiplier = _multiplier(claim)
    if claim.mechanism == "gaussian":  # releases of one sigma are one release of a smaller one
        return float(get_epsilon_gaussian(multiplier / math.sqrt(releases), claim.delta))
    if releases == 1:
        return 1 / multiplier
    composed = PLDAccountant(value_discretization_interval=1e-3).compose(
        SelfComposedDpEvent(LaplaceDpEvent(multiplier), releases)
    )
    return min(releases / multiplier, float(composed.get_epsilon(claim.delta)))


def booked_epsilon(claim: PrivacyClaim, releases: int = 1) -> float:
    """What an RDP accountant at default orders books for so many releases."""
    from dp_accounting import GaussianDpEvent, LaplaceDpEvent, SelfComposedDpEvent  # noqa: PLC0415
    from dp_accounting.rdp import RdpAccountant  # noqa: PLC0415

    event = GaussianDpEvent if claim.mechanism == "gaussian" else LaplaceDpEvent
    composed = RdpAccountant().compose(SelfComposedDpEvent(event(_multiplier(claim)), releases))
    return float(composed.get_epsilon(claim.delta))


def needed_multiplier(claim: PrivacyClaim) -> float:
    """The smallest noise multiplier that keeps the claim."""
    from dp_accounting import get_sigma_gaussian  # noqa: PLC0415

    alone = get_sigma_gaussian(claim.epsilon, claim.delta) if claim.mechanism == "gaussian" else 1 / claim.epsilon
    return float(alone) * MOVES[claim.adjacency]


def affordable(claim: PrivacyClaim, budget: float) -> int:
    """How many releases an RDP accountant lets a budget pay for."""
    return _largest(lambda releases: booked_epsilon(claim, releases) <= budget * (1 + 1e-9))


def _largest(holds: Callable[[int], bool]) -> int:
    """The largest number up to `_MOST` for which ``holds``, which is true up to some number and false beyond it."""
    low, high = 0, 1
    while high <= _MOST and holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _multiplier(claim: PrivacyClaim) -> float:
    return claim.noise_multiplier / MOVES[claim.adjacency]
