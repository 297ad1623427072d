"""99 % of the inference requests of a full clinic are answered within the policy's limit (45 CFR 164.308(a)(7)(ii)(C)).

Latency counts from the moment a user meant to ask, to the last token. The tail shows what a 95th percentile hides:
garbage collection, retries, a slow replica (Dean and Barroso, "The Tail at Scale", 2013). It takes 459 requests without
a slow one; decided at the policy's confidence, by `checks.performance._early_stopping`.
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
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_tenth_request_slow,),
)
def inference_p99_within_limit(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the inference requests of the load against ``performance.inference_p99_ms``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    yield answered_within(
        PercentileLimit(99, limits.inference_p99_ms, limits.confidence),
        load,
        requests_of(load, "inference"),
        subject=f"inference under {load.users} users",
        remedy="look what the slowest requests waited for (one server, one lock, a cold cache) and remove it",
    )
