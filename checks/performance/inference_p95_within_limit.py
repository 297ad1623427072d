"""95 % of the inference requests of a full clinic are answered within the policy's limit (45 CFR 164.308(a)(7)(ii)(C)).

Latency counts from the moment a user meant to ask, to the last token (Tene, "How NOT to Measure Latency": a closed loop
hides a frozen server); decided at the policy's confidence, by `checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import Finding, Gate, Severity, check
from checks.performance._load_record import judgeable, requests_of
from checks.performance._percentile import PercentileLimit, answered_within
from checks.policy import Policy
from checks.targets import Loads


def _every_tenth_request_slow(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(slow_share=0.10))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_tenth_request_slow,),
)
def inference_p95_within_limit(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the inference requests of the load against ``performance.inference_p95_ms``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    yield answered_within(
        PercentileLimit(95, limits.inference_p95_ms, limits.confidence),
        load,
        requests_of(load, "inference"),
        subject=f"inference under {load.users} users",
        remedy="add inference servers or slots, or admit fewer requests at once (bounded queue)",
    )
