"""The rules of a percentile have one form: so many percent of the requests of a kind are answered within a limit.

yield answered_within(PercentileLimit(95, 500, 0.99), load, requests_of(load, "patient"), subject=..., remedy=...)
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.model import Finding
from checks.performance._early_stopping import claim_holds
from checks.performance._load_record import evidence_of, late_or_failed
from checks.targets import Latencies, Load


@dataclass(frozen=True)
class PercentileLimit:
    """``percent`` of the requests are answered rightly and within ``limit_ms``; said with ``confidence``."""

    percent: int
    limit_ms: float
    confidence: float


def answered_within(limit: PercentileLimit, load: Load, found: Latencies, *, subject: str, remedy: str) -> Finding:
    """Whether the requests found in a load keep a limit.

    Raises:
        CannotLookError: too few requests to say.
    """
    limit_ms, percentile = limit.limit_ms, f"p{limit.percent}"
    claim = f"{found.kind} {percentile} within {limit_ms:g} ms"
    over = f"{found.over(limit_ms)} of {found.total} took longer than {limit_ms:g} ms, {found.failed} failed"
    return Finding(
        subject=subject,
        ok=claim_holds(claim, late_or_failed(found, limit_ms), (100 - limit.percent) / 100, limit.confidence),
        message=f"{over}; {percentile} is {found.percentile(limit.percent / 100):.0f} ms",
        remedy=remedy,
        evidence=evidence_of(load, found),
    )
