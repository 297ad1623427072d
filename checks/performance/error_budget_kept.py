"""Failures do not use up the error budget of the promised availability (45 CFR 164.308(a)(7)(ii)(C); GDPR 32(1)(b)).

A month's budget is 1 - availability of its requests. The burn rate is how many times faster than evenly over the month
it is spent. A load of five minutes or more must not spend it faster than that; from a shorter one too little is known,
and what it must not show is the rate at which an on-call engineer is woken: 14.4, which spends 2 % of the month in one
hour (Google, The Site Reliability Workbook, chapter 5, https://sre.google/workbook/alerting-on-slos/). Decided at the
policy's confidence, by `checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import Finding, Gate, Severity, check
from checks.performance._early_stopping import claim_holds, upper_bound
from checks.performance._load_record import evidence_of, failed, judgeable, requests_of
from checks.policy import Policy
from checks.targets import Loads

_LONG_S = 300.0
_EVEN, _FAST = 1.0, 14.4


def _every_tenth_request_fails(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(error_share=0.10))


def _every_fourth_answer_ends_in_an_error(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(broken_share=0.25))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_tenth_request_fails, _every_fourth_answer_ends_in_an_error),
)
def error_budget_kept(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the failed requests of the load against ``performance.availability``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    found = requests_of(load)
    budget = 1 - limits.availability
    allowed = _EVEN if load.seconds >= _LONG_S else _FAST
    claim = f"a burn rate of at most {allowed:g} of an error budget of {budget:.3%}"
    ok = claim_holds(claim, failed(found), min(allowed * budget, 1.0), limits.confidence)
    burnt = found.failed / found.total / budget
    most = upper_bound(found.failed, found.total, limits.confidence) / budget
    yield Finding(
        subject=f"error budget of {limits.availability:.3%} availability over {load.seconds:g} s",
        ok=ok,
        message=(
            f"burn rate {burnt:.1f}, at most {most:.1f} at {limits.confidence:.0%} confidence, allowed {allowed:g}: "
            f"{found.failed} of {found.total} requests failed"
        ),
        remedy="stop changes to the deployment until the cause of these failures is found and removed",
        evidence=evidence_of(load, found),
    )
