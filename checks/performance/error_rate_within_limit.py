"""Requests of a full clinic fail no more often than the policy allows (45 CFR 164.308(a)(7)(ii)(C); GDPR 32(1)(b)).

A failure is a refusal, a time-out, a lost connection, an unexpected status or a wrong body. Decided at the policy's
confidence, by `checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.performance._early_stopping import Decision, decide, described, examined, requests_of, samples_needed
from checks.policy import Policy
from checks.targets import LoadHistory


def _every_twentieth_request_fails(lab: Lab) -> LoadHistory:
    return lab.load_history(error_share=0.05)


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_twentieth_request_fails,),
)
def error_rate_within_limit(history: LoadHistory, policy: Policy) -> Iterator[Finding]:
    """Hold the failed requests of the load against ``performance.error_rate``."""
    limits = policy.performance
    load = examined(history.load(), limits)
    found = requests_of(load)
    failed = sum(found.errors.values())
    decision = decide(failed, failed, found.total, limits.error_rate, limits.confidence)
    if decision is Decision.UNDECIDED:
        needed = samples_needed(failed, limits.error_rate, limits.confidence)
        msg = (
            f"{failed} failures in {found.total} requests do not decide an error rate of {limits.error_rate:.2%} at "
            f"{limits.confidence:.0%} confidence; that needs {needed} requests with as many failures"
        )
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    ok = decision is Decision.HOLDS
    causes = ", ".join(f"{count} {cause}" for cause, count in sorted(found.errors.items()))
    yield Finding(
        subject=f"all requests under {load.users} users",
        ok=ok,
        message=f"{failed} of {found.total} requests failed{f': {causes}' if causes else ''}",
        remedy="" if ok else "find the cause of the failures named here in the service logs, by their time and status",
        evidence=described(load, found),
    )
