"""Enough requests are good: answered rightly and within every limit at once (45 CFR 164.308(a)(7)(ii)(C); GDPR
32(1)(b)).

A deployment can keep each percentile and still serve few people well, when it is others who wait for the first token,
for the last one and for a record (goodput: Zhong et al., "DistServe", OSDI 2024). Where the policy promises a
throughput, so many good requests a second must be seen; a load that offers fewer cannot show it. Decided at the
policy's confidence, by `checks.performance._early_stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, LoadFlaws
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.performance._early_stopping import BadCount, claim_holds
from checks.performance._load_record import evidence_of, judgeable, requests_of
from checks.policy import PerformancePolicy, Policy
from checks.targets import Latencies, Load, Loads


def _every_fourth_answer_begins_late(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(late_start_share=0.25))


def _every_fourth_answer_ends_in_an_error(lab: Lab) -> Loads:
    return lab.build(LoadFlaws(broken_share=0.25))


@check(
    gate=Gate.PERFORMANCE,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_every_fourth_answer_begins_late, _every_fourth_answer_ends_in_an_error),
)
def goodput_above_floor(loads: Loads, policy: Policy) -> Iterator[Finding]:
    """Hold the good requests of the load against ``performance.goodput`` and ``performance.throughput_per_s``."""
    limits = policy.performance
    load = judgeable(loads.load(), limits)
    if dict(load.objectives) != limits.objectives():
        msg = f"the load was recorded with other objectives than those of the policy {policy.name}"
        raise CannotLookError(msg)
    found = requests_of(load)
    lost = found.total - found.good
    claim, bad = f"a goodput of at least {limits.goodput:.0%}", BadCount(lost, lost, found.total)
    ok = claim_holds(claim, bad, 1 - limits.goodput, limits.confidence)
    yield Finding(
        subject=f"good requests under {load.users} users",
        ok=ok,
        message=f"{found.good} of {found.total} were good, {found.good / load.seconds:.1f} a second; {_lost(load)}",
        remedy="see which limit the requests miss (first token, whole answer, record, failure): start there",
        evidence=evidence_of(load, found),
    )
    if limits.throughput_per_s is not None:
        yield _throughput(load, found, limits, limits.throughput_per_s, enough=ok)


def _throughput(load: Load, found: Latencies, limits: PerformancePolicy, promised: float, *, enough: bool) -> Finding:
    """Whether so many good requests a second were seen; offered more than it can serve, a deployment loses its goodput.

    Raises:
        CannotLookError: neither can be said, since too little was offered.
    """
    offered, good = found.total / load.seconds, found.good / load.seconds
    if good < promised and (enough or offered < promised):
        msg = (
            f"{promised:g} good requests a second are promised; the load '{load.profile}' offered {offered:.1f} a "
            f"second, of which {good:.1f} were good: it takes one that offers {promised / limits.goodput:.0f} a second"
        )
        raise CannotLookError(msg)
    return Finding(
        subject=f"throughput under {load.users} users",
        ok=good >= promised,
        message=f"{good:.1f} good requests a second of {offered:.1f} offered; {promised:g} are promised",
        remedy="find what is used up at this rate (processors, connections, locks) and add to it",
        evidence=evidence_of(load, found),
    )


def _lost(load: Load) -> str:
    """Which heads of kinds lost how many."""
    heads = sorted({kind.kind.split(".")[0] for kind in load.kinds if ":" not in kind.kind})
    counted = ((head, requests_of(load, head)) for head in heads)
    lost = [
        f"{found.total - found.good} of {found.total} {head}" for head, found in counted if found.good < found.total
    ]
    return f"not good: {', '.join(lost)}" if lost else "every one was"
