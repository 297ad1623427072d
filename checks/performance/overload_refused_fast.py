"""What a rush leaves no room for is refused at once and cleanly (45 CFR 164.308(a)(7)(ii)(C); 164.312(c)(1); GDPR
32(1)(b)).

From a spike's beginning on every failure is a refusal, 429 or 503 (RFC 6585, section 4; RFC 9110, section 15.6.4),
answered within a second at p95: no time-out and no lost connection, which would leave people guessing. Where refusals
are too few to say, fewer than 1 % of all requests may have waited longer for one. And answers stay true: what was
acknowledged is there, once, and what was refused is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.application.load import READ_BACK, WRITE
from checks.lab import Lab, LoadFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.performance._early_stopping import P95, P99, BadCount, ClaimDecision, claim_holds, decide_claim
from checks.performance._load_record import REFUSED, certainly_over, evidence_of, raise_if_left_out
from checks.performance._spike import requests_among, requests_between, spike_load
from checks.policy import Policy
from checks.targets import Latencies, Load, Loads

_REFUSALS = ("status 429", "status 503")
_LIMIT_MS = 1000.0
_SHOULD = "answer 429 or 503 with Retry-After as soon as the queue is full, before any work is done"


def _queue_without_bound(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(overload="queued"))


def _refused_after_a_wait(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(overload="refused late"))


def _careless_with_records(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(overload="careless"))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "hipaa:164.312(c)(1)", "gdpr:32(1)(b)"),
    violations=(_queue_without_bound, _refused_after_a_wait, _careless_with_records),
)
def overload_refused_fast(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Look at the failures of the load with the spike, how long refusals took, and what became of its writes."""
    limits = policy.performance
    load, begun_s, _ = spike_load(loads, limits)
    kinds = requests_between(load, begun_s, load.seconds)
    found = requests_among("requests from the spike on", kinds)
    others = {cause: count for cause, count in found.errors.items() if cause not in _REFUSALS}
    named = ", ".join(f"{count} {cause}" for cause, count in sorted(others.items()))
    otherwise = f"failed otherwise: {named}" if others else "none failed otherwise"
    refused = found.failed - sum(others.values())
    subject = f"spike to {load.users} users"
    yield Finding(
        subject=f"{subject}: failures",
        ok=not others,
        message=f"{refused} of {found.total} requests were refused; {otherwise}",
        remedy=_SHOULD,
        evidence=evidence_of(load, found),
    )
    if refused:
        refusals = Latencies.merged("refusals", (kind for kind in kinds if kind.kind.endswith(REFUSED)))
        yield _in_time(subject, load, (refusals, refused, found.total), limits.confidence)
    yield from _written(subject, load)


def _in_time(subject: str, load: Load, seen: tuple[Latencies, int, int], confidence: float) -> Finding:
    """Whether refusals came fast: all of them, or at p95, or the slow ones are certainly rare among all requests.

    Args:
        seen: how long refusals took, how many there were, and of how many requests.

    Raises:
        CannotLookError: the record does not say how long they took, or they are too few.
    """
    refusals, expected, requests = seen
    if refusals.total < expected:
        msg = f"the record tells of {refusals.total} of {expected} refusals how long they took"
        raise CannotLookError(msg)
    slow = refusals.over(_LIMIT_MS)
    bad = BadCount(certainly_over(refusals, _LIMIT_MS), slow, refusals.total)
    decision = decide_claim(bad.least, bad.most, bad.total, P95, confidence)
    over, p95_ms = f"{slow} of {refusals.total} took longer than {_LIMIT_MS:g} ms", refusals.percentile(0.95)
    rare = False
    if slow and decision is ClaimDecision.UNDECIDED:
        among_all = f"refusals later than {_LIMIT_MS:g} ms, {slow} of {refusals.total}, below 1% of all requests"
        rare = claim_holds(among_all, BadCount(bad.least, slow, requests), P99, confidence)
    return Finding(
        subject=f"{subject}: time to a refusal",
        ok=not slow or rare or decision is ClaimDecision.HOLDS,
        message=f"{over}; p95 is {p95_ms:.0f} ms",
        remedy=_SHOULD,
        evidence=evidence_of(load, refusals),
    )


def _written(subject: str, load: Load) -> Iterator[Finding]:
    written = load.written
    if written is None or not written.complete:
        msg = f"what the load '{load.profile}' wrote was not read back{' completely' if written else ''}"
        if written is None:
            raise_if_left_out(load, msg, WRITE, f"{WRITE}{READ_BACK}")
        raise CannotLookError(msg)
    if not written.acknowledged:
        msg = f"of what the load '{load.profile}' wrote nothing was acknowledged"
        raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
    for what, count, remedy in (
        ("acknowledged records lost", written.lost, "acknowledge a record only when it is durable"),
        ("records there twice", written.duplicated, "make the idempotency key unique in the database"),
        ("refused records there", written.refused_yet_present, "refuse before anything is written, or not at all"),
    ):
        yield Finding(
            subject=f"{subject}: {what}",
            ok=not count,
            message=f"{count} found, {written.acknowledged} records were acknowledged",
            remedy=remedy,
        )
