"""95 % of a full clinic's patient requests are answered within the policy's limit (45 CFR 164.308(a)(7)(ii)(C)).

Latency counts from the moment a user meant to ask; decided at the policy's confidence, by
`checks.performance._early_stopping`.
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
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_tenth_request_slow,),
)
def patient_api_p95_within_limit(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the patient requests of the load against ``performance.patient_p95_ms``."""
    limits = policy.performance
    load = examined(loads.load(), limits)
    found = requests_of(load, "patient")
    limit_ms = limits.patient_p95_ms
    ok = settled(f"patient p95 within {limit_ms:g} ms", late_or_failed(found, limit_ms), P95, limits.confidence)
    yield Finding(
        subject=f"patient records under {load.users} users",
        ok=ok,
        message=(
            f"{found.over(limit_ms)} of {found.total} took longer than {limit_ms:g} ms, {found.failed} failed; "
            f"p95 is {found.percentile(0.95):.0f} ms"
        ),
        remedy="" if ok else "look where the time goes (edge, application, database, audit) and add capacity there",
        evidence=described(load, found),
    )
