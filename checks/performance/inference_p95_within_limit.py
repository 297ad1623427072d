"""95 % of the inference requests of a full clinic are answered within the policy's limit (45 CFR 164.308(a)(7)(ii)(C)).

Latency counts from the moment a user meant to ask, to the last token (Tene, "How NOT to Measure Latency": a closed loop
hides a frozen server); decided at the policy's confidence, by `checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import Finding, Gate, Severity, check
from checks.performance._early_stopping import P95, described, examined, late_or_failed, requests_of, settled
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
    load = examined(loads.load(), limits)
    found = requests_of(load, "inference")
    limit_ms = limits.inference_p95_ms
    ok = settled(f"inference p95 within {limit_ms:g} ms", late_or_failed(found, limit_ms), P95, limits.confidence)
    yield Finding(
        subject=f"inference under {load.users} users",
        ok=ok,
        message=(
            f"{found.over(limit_ms)} of {found.total} took longer than {limit_ms:g} ms, {found.failed} failed; "
            f"p95 is {found.percentile(0.95):.0f} ms"
        ),
        remedy="" if ok else "add inference servers or slots, or admit fewer requests at once (bounded queue)",
        evidence=described(load, found),
    )
