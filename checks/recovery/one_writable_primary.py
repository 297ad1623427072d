"""At no moment of a drill did two nodes take writes (45 CFR 164.312(c)(1); 164.308(a)(7)(ii)(C)).

And where a scenario promises that nobody takes over, for the primary is well, nobody does: no false failover.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import DrillFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.recovery._record import judged
from checks.targets import Drill, Drills, RecoveryPromise

_FEWEST_SAMPLES = 20


def _promoted_without_fencing(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(fenced=False))


def _takes_writes_again_when_it_goes_on(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(paused=True, fenced=False))


def _takes_over_where_nobody_may(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(promise=RecoveryPromise(takeover=False), usurped=True))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(c)(1)", "hipaa:164.308(a)(7)(ii)(C)"),
    violations=(
        _promoted_without_fencing,
        _takes_writes_again_when_it_goes_on,
        _takes_over_where_nobody_may,
    ),
)
def one_writable_primary(drills: Drills) -> Iterator[Finding]:
    """Each node, asked several times a second whether it takes writes."""
    yield from judged(drills, _never_two)


def _never_two(drill: Drill) -> Iterator[Finding]:
    if drill.unseen and not drill.two_primaries_seen:
        msg = f"{', '.join(drill.unseen)} never said since the fault whether it takes writes: nobody knows"
        raise CannotLookError(msg)
    if drill.primary_samples < _FEWEST_SAMPLES:
        msg = f"the nodes answered only {drill.primary_samples} times"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    two = drill.two_primaries_seen
    silent = f"; {drill.unanswered} times there was none" if drill.unanswered else ""
    yield Finding(
        subject=f"{drill.scenario}: nodes that take writes",
        ok=not two,
        message=f"{'two at once' if two else 'never two at once'}, in {drill.primary_samples} answers{silent}",
        remedy="fence the old primary before the new one is promoted: a leader lock that expires, and a watchdog",
    )
    if not drill.promise.takeover:
        yield Finding(
            subject=f"{drill.scenario}: who took over",
            ok=not drill.took_over,
            message=f"{', '.join(drill.took_over)} did" if drill.took_over else "nobody",
            remedy="let a lease last longer than what the network may lose, and ask more than one witness",
        )
