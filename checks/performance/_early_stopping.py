"""When a count of bad requests decides a claim about their share, and when more samples are needed.

A claim "at most ``share`` of the requests are bad" after ``bad`` of ``total``:

- holds when so few bad ones would be improbable (at most 1 - confidence) if the true share were ``share`` or more;
- is refuted when so many would be improbable if the true share were ``share`` or less;
- is otherwise undecided.

At confidence 0.99 the first rule is the early-stopping table of MLPerf Inference (inference_policies, "Early Stopping";
Reddi et al. 2020, https://doi.org/10.1109/ISCA45697.2020.00045): 90 queries without one over the limit for a
95th percentile, 130 with one, 259 with five.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scipy.stats import beta, binom

from checks.model import CannotLookError, Reason

P95, P99 = 0.05, 0.01  # the shares of requests that may be over a limit at these percentiles


class ClaimDecision(Enum):
    """What the samples say about a claim."""

    HOLDS = "holds"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class BadCount:
    """How many of ``total`` requests were bad: ``least`` for certain, ``most`` when every doubt counts against them."""

    least: int
    most: int
    total: int

    def __add__(self, other: BadCount) -> BadCount:
        """Of two sets of requests together."""
        return BadCount(self.least + other.least, self.most + other.most, self.total + other.total)


def samples_needed(bad: int, share: float, confidence: float) -> int:
    """The fewest requests, ``bad`` of them bad, that show at most ``share`` to be bad.

    Raises:
        CannotLookError: no number of requests can show it.
    """
    if share <= 0 or confidence >= 1:
        msg = f"no number of requests can show a share of {share:g} with confidence {confidence:g}"
        raise CannotLookError(msg)
    low, high = bad, max(2 * bad, 1)
    while binom.cdf(bad, high, share) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if binom.cdf(bad, middle, share) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def decide_claim(least: int, most: int, total: int, share: float, confidence: float) -> ClaimDecision:
    """Decide the claim that at most ``share`` of ``total`` requests are bad.

    Args:
        least: how many are bad at least; refutes the claim.
        most: how many may be bad at most; proves the claim.
        confidence: of either decision, e.g. 0.99.
    """
    if total and binom.sf(least - 1, total, share) <= 1 - confidence:
        return ClaimDecision.REFUTED
    if total and binom.cdf(most, total, share) <= 1 - confidence:
        return ClaimDecision.HOLDS
    return ClaimDecision.UNDECIDED


def claim_holds(claim: str, bad: BadCount, share: float, confidence: float) -> bool:
    """Whether at most ``share`` of the requests are bad.

    Args:
        claim: what is claimed of what, for the message when it cannot be said.

    Raises:
        CannotLookError: too few samples to say.
    """
    decision = decide_claim(bad.least, bad.most, bad.total, share, confidence)
    if decision is ClaimDecision.UNDECIDED:
        needed = samples_needed(bad.most, share, confidence)
        msg = (
            f"{claim}: {bad.most} bad ones of {bad.total} requests decide nothing at {confidence:.0%} confidence; that"
            f" needs {needed} requests with as many bad ones"
        )
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    return decision is ClaimDecision.HOLDS


def upper_bound(bad: int, total: int, confidence: float) -> float:
    """Upper bound of the share of bad requests (Clopper-Pearson, one-sided): holds below a share where `decide_claim`
    does.
    """
    return float(beta.ppf(confidence, bad + 1, total - bad)) if bad < total else 1.0
