"""What noise alone shows of a claim, when it is moved.

Noise that does not depend on the data, as a node adds it, is the answer about a cohort of nobody; moved by s it is the
answer about one of s patients, each of whom moves the value by 1. So one sample of noise is a sample of both of two
inputs, which a group of patients sets apart. A mechanism with (epsilon, delta) for one neighbour has for a group of k:
k times the mu when it is Gaussian (Dong, Roth, Su 2022, Theorem 4, https://doi.org/10.1111/rssb.12454), k times the
epsilon when it is pure (Dwork and Roth 2014, Theorem 2.2, https://doi.org/10.1561/0400000042); divided by k again, what
is certified holds for one.

The event is fixed before anything is seen. Its probability under either input is bounded with half of alpha each; that
both are counted in one sample does no harm, as the chance that either bound errs is at most the sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks import dp_cost as cost
from checks.targets import PrivacyClaim

_WIDE = 3.0  # of the noise that the claim needs: what can be certified of so large a shift is closest to what is true
_EVENT = {"gaussian": 0.5, "laplace": 1.0}  # of the shift: from where on the two inputs are told apart best
_EITHER = 1.96  # standard deviations: one count of two is further out with a chance of 5 %
_DELTA = 1e-12  # for a claim without one, which it implies
_MOST = 2.0**20


@dataclass(frozen=True)
class ShiftEvidence:
    """What a sample of noise certifies.

    Args:
        likely, unlikely: how many of ``size`` values are in the event with the shift and without.
        epsilon: lower bound for one neighbour, at the claim's delta; a mechanism that keeps the claim exceeds the
            claim's with a chance of alpha at most.
        detectable: a mechanism that loses this much would have been refuted with a chance of 95 %; infinity when none.
    """

    likely: int
    unlikely: int
    size: int
    epsilon: float
    detectable: float


class ShiftTest:
    """How noise is held against a claim: all of it fixed before any noise is seen.

    Attributes:
        needed: the least noise that keeps the claim, over what adding or removing one patient moves.
        moved: the shift, in the same units.
        threshold: the event is a value of at least this.

    Args:
        claim: of a law and an adjacency that are known here, see `checks.dp_cost.refuse_unknown`.
        alpha: chance to refute a true claim.
    """

    def __init__(self, claim: PrivacyClaim, alpha: float) -> None:
        self._claim, self._alpha = claim, alpha
        self._each = cost.MOVES[claim.adjacency]
        self.needed = cost.needed_multiplier(claim)
        self.moved = round(_WIDE * self.needed)
        self.threshold = _EVENT[claim.mechanism] * self.moved

    def examine(self, noise: npt.NDArray[np.float64]) -> ShiftEvidence:
        """Move noise, shape (n,), and certify what tells it from itself unmoved."""
        likely = int(np.count_nonzero(noise + self.moved >= self.threshold))
        unlikely = int(np.count_nonzero(noise >= self.threshold))
        certified = self._certified(likely, unlikely, noise.size)
        return ShiftEvidence(likely, unlikely, noise.size, certified, self.detectable(noise.size))

    def detectable(self, size: int) -> float:
        """The epsilon that ``size`` values show, with a chance of 95 %, to be more than is claimed; infinity when
        none.
        """

        def refuted(weaker: float) -> bool:
            scale = self.needed / weaker
            hits = [
                size * _tail(self._claim.mechanism, x / scale) for x in (self.threshold - self.moved, self.threshold)
            ]
            likely, unlikely = (_EITHER * math.sqrt(h * (1 - h / size)) for h in hits)
            few, many = max(0, math.floor(hits[0] - likely)), min(size, math.ceil(hits[1] + unlikely))
            return self._certified(few, many, size) > self._claim.epsilon

        if not size or not refuted(_MOST):
            return math.inf
        low, high = 1.0, _MOST
        while high > low * (1 + 1e-4):
            middle = math.sqrt(low * high)
            low, high = (low, middle) if refuted(middle) else (middle, high)
        return self._epsilon(high * self._each / self.needed)

    def _certified(self, likely: int, unlikely: int, size: int) -> float:
        from checks.dp_audit.bounds import certify  # noqa: PLC0415  scipy: only when asked
        from checks.dp_audit.model import Hits  # noqa: PLC0415

        delta = self._claim.delta or _DELTA
        bound = certify(Hits(likely, unlikely, size, size), delta=delta, alpha=self._alpha, gaussian=True)
        shown = bound.mu if self._claim.mechanism == "gaussian" else bound.epsilon
        return self._epsilon((shown or 0.0) / (self.moved / self._each))

    def _epsilon(self, lost: float) -> float:
        """Of a mu when the mechanism is Gaussian; otherwise it is one."""
        from checks.dp_audit.bounds import gaussian_epsilon  # noqa: PLC0415

        return gaussian_epsilon(lost, self._claim.delta) if self._claim.mechanism == "gaussian" else lost


def _tail(law: str, value: float) -> float:
    """Chance of ``value`` or more under the law with scale 1."""
    from scipy.special import ndtr  # noqa: PLC0415

    if law == "gaussian":
        return float(ndtr(-value))
    return math.exp(-value) / 2 if value >= 0 else 1 - math.exp(value) / 2
