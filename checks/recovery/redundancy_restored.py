"""After the failure every replica is back by itself (45 CFR 164.308(a)(7)(ii)(C); GDPR article 32(1)(b)).

A cluster that survived one failure and stays thin does not survive the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from checks.lab import DrillFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.recovery._record import judged
from checks.targets import Drill, Drills, scenario_of


def _replica_never_rejoins(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(rejoins=False))


def _no_replica(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(replicated=False))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_replica_never_rejoins, _no_replica),
)
def redundancy_restored(drills: Drills, policy: Policy) -> Iterator[Finding]:
    """Every replica streams again after the heal, but where a scenario promises less and the policy lets it."""
    yield from judged(drills, partial(_redundant, policy.recovery.may_degrade))


def _redundant(may_degrade: Collection[str], drill: Drill) -> Iterator[Finding]:
    seconds = drill.redundancy_s
    spared = not drill.promise.redundancy and scenario_of(drill.scenario) in may_degrade
    yield Finding(
        subject=f"{drill.scenario}: replicas before the fault",
        ok=drill.replicas > 0,
        message=f"{drill.replicas} streamed" if drill.replicas else "none streamed: nothing could take over",
        remedy="keep a replica that streams from the primary, and a synchronous one where nothing may be lost",
    )
    seen = "one did not come back in time" if seconds is None else f"all were back {seconds:.1f} s after the heal"
    yield Finding(
        subject=f"{drill.scenario}: replicas",
        ok=seconds is not None or spared,
        message=f"{seen}; the policy lets one stay away" if spared else seen,
        remedy="let the agent rewind or rebuild a former primary by itself, and keep its WAL with a slot",
    )
