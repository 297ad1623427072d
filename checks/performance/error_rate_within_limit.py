"""Requests of a full clinic fail no more often than the policy allows (45 CFR 164.308(a)(7)(ii)(C); GDPR 32(1)(b)).

A failure is a refusal, a time-out, a lost connection, an unexpected status, a wrong body, or a stream that holds an
error or ends unfinished, whatever its status. Decided at the policy's confidence, by
`checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import Finding, Gate, Severity, check
from checks.performance._early_stopping import claim_holds
from checks.performance._load_record import evidence_of, failed, judgeable, requests_of
from checks.policy import Policy
from checks.targets import Loads


def _every_tenth_request_fails(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(error_share=0.10))


def _every_fourth_answer_ends_in_an_error(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(broken_share=0.25))


def _every_fourth_answer_is_unfinished(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(broken_share=0.25, broken="unfinished"))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_tenth_request_fails, _every_fourth_answer_ends_in_an_error, _every_fourth_answer_is_unfinished),
)
def error_rate_within_limit(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the failed requests of the load against ``performance.error_rate``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    found = requests_of(load)
    claim = f"an error rate of at most {limits.error_rate:.2%}"
    ok = claim_holds(claim, failed(found), limits.error_rate, limits.confidence)
    causes = ", ".join(f"{count} {cause}" for cause, count in sorted(found.errors.items()))
    yield Finding(
        subject=f"all requests under {load.users} users",
        ok=ok,
        message=f"{found.failed} of {found.total} requests failed{f': {causes}' if causes else ''}",
        remedy="find the cause of the failures named here in the service logs, by their time and status",
        evidence=evidence_of(load, found),
    )
