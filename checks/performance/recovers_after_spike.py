"""After a sudden rush the limits hold again within the policy's time (45 CFR 164.308(a)(7)(ii)(C); GDPR 32(1)(b)).

A server that queues without bound goes on serving people who have left long after a rush is over (Brooker, "Fixing
retries and timeouts", 2022; Google, Site Reliability Engineering, chapter 22). So two things are looked at when that
time is over: that nothing of the spike is still under way, and that 95 % of what is asked from then on is answered
rightly and within its limit, decided at the policy's confidence by `checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.performance._early_stopping import P95, BadCount, claim_holds
from checks.performance._load_record import certainly_over, evidence_of, failed, late_or_failed
from checks.performance._spike import requests_among, requests_between, spike_load
from checks.policy import PerformancePolicy, Policy
from checks.targets import Latencies, Load, Loads


def _queue_without_bound(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(overload="queued"))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_queue_without_bound,),
)
def recovers_after_spike(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold what follows the spike against ``performance.spike_recovery_s``."""
    limits = policy.performance
    load, _, ended_s = spike_load(loads, limits)
    recovered_s = ended_s + limits.spike_recovery_s
    left, last_s = _of_the_spike(load, ended_s, recovered_s)
    subject = f"{limits.spike_recovery_s:g} s after a spike to {load.users} users"
    last = f"the last one ended {last_s - ended_s:.1f} s after the spike"
    yield Finding(
        subject=f"{subject}: requests of the spike",
        ok=not left,
        message=f"{left} are still under way" if left else last,
        remedy="bound the queue and refuse what does not fit; drop what nobody waits for any more",
    )
    later = requests_between(load, recovered_s, load.seconds)
    found = requests_among("requests after the recovery", later)
    if not found.total:
        msg = f"the load '{load.profile}' ends {load.seconds - ended_s:g} s after its spike: too soon to see a recovery"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    bad = _bad(later, limits)
    yield Finding(
        subject=f"{subject}: new requests",
        ok=claim_holds(f"{subject}: p95 within the limits", bad, P95, limits.confidence),
        message=f"{bad.most} of {bad.total} were late or failed; p95 is {found.percentile(0.95):.0f} ms",
        remedy="bound the queue and refuse what does not fit, so that who comes later is served in time",
        evidence=evidence_of(load, found),
    )


def _of_the_spike(load: Load, ended_s: float, at_s: float) -> tuple[int, float]:
    """How many requests from before the spike's end are under way for certain at a moment; when the last one ended."""
    left, last_s = 0, ended_s
    for piece in load.slices:
        if piece.at_s + load.slice_s <= ended_s:
            found = requests_among("", piece.kinds)
            left += certainly_over(found, (at_s - piece.at_s) * 1000)
            last_s = max(last_s, piece.at_s + found.percentile(1) / 1000)
    return left, last_s


def _bad(kinds: tuple[Latencies, ...], limits: PerformancePolicy) -> BadCount:
    """Requests that failed or missed their kind's limit; a kind without one can only fail."""
    total = BadCount(0, 0, 0)
    for kind in kinds:
        asked_of = limits.objectives().get(kind.kind.split(".")[0])
        if ":" in kind.kind:
            continue
        if asked_of is None or asked_of.total_ms is None:
            total += failed(kind)
        else:
            total += late_or_failed(kind, asked_of.total_ms)
    return total
