"""Three accountants that are wrong in their formula: each computes RDP of Gaussian releases, and makes one mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from suites.privacy.accounts import Releases
from suites.privacy.closed_forms import RDP_ORDERS

_COARSE = tuple(range(2, 33))  # as many tutorials have it: the best order of a small epsilon lies far above


@dataclass(frozen=True)
class FormulaAccountant:
    """Implements `Accountant`; with the defaults it is right.

    Args:
        orders: where the Renyi divergence is evaluated.
        power: of sigma in the divergence, order / (2 sigma^power).
        confidence: factor of log(1 / delta) in the conversion.
    """

    orders: Sequence[float] = RDP_ORDERS
    power: float = 2.0
    confidence: float = 1.0

    def cost(self, releases: Releases, delta: float) -> float:
        """See `Accountant.cost`."""
        rho = math.fsum(count / (2 * sigma**self.power) for sigma, count in releases)
        if delta**2 + math.expm1(-min(self.orders) * rho) > 0:
            return 0.0
        return max(0.0, min(a * rho + self._converted(a, delta) for a in self.orders))

    def _converted(self, a: float, delta: float) -> float:
        return math.log1p(-1 / a) - (self.confidence * math.log(delta) + math.log(a)) / (a - 1)


def missing_log() -> FormulaAccountant:
    """The conversion forgets log(1 / delta): what is reported holds at no small delta."""
    return FormulaAccountant(confidence=0.0)


def squared_scale() -> FormulaAccountant:
    """Sigma is taken for a variance, and squared although it was: noise counts for more than it is."""
    return FormulaAccountant(power=4.0)


def wrong_order_grid() -> FormulaAccountant:
    """Orders 2 to 32 only: small claims cost a multiple of what they should, and users lose their queries."""
    return FormulaAccountant(orders=_COARSE)
