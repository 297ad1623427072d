"""Service is back, stably, within the recovery time objective (45 CFR 164.308(a)(7)(ii)(B), (C); NIST SP 800-34 RTO).

One answer is no recovery: the time runs to the acknowledgement that opens a window in which every write succeeds.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import DrillFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.recovery._record import recorded
from checks.targets import Drills


def _never_comes_back(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(restarted=False))


def _serves_what_is_then_lost(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(fenced=False, forgotten=True))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(B)", "hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_never_comes_back, _serves_what_is_then_lost),
)
def recovery_time_within_objective(drills: Drills, policy: Policy) -> Iterator[Finding]:
    """Time to stable writes and to stable reads, and the longest outage that a client felt."""
    drill = recorded(drills)
    limit = policy.recovery.rto_s
    remedy = "read the drill's split into detection, promotion and routing, and shorten the longest"
    for what, seconds in (("writes", drill.rto_s), ("reads", drill.read_rto_s)):
        seen = "never stable again before the fault was healed"
        if seconds is not None:
            seen = f"stable after {seconds:.2f} s, to within {drill.resolution_s:.2f} s"
        yield Finding(
            subject=f"{drill.scenario}: {what}",
            ok=seconds is not None and seconds <= limit,
            message=f"{seen}; {limit:.0f} s are allowed",
            remedy=remedy,
        )
    yield Finding(
        subject=f"{drill.scenario}: longest gap between acknowledgements",
        ok=drill.longest_gap_s <= limit,
        message=f"{drill.longest_gap_s:.2f} s; {limit:.0f} s are allowed",
        remedy=remedy,
    )
    # Until then every acknowledgement was taken for service: what is too slow even so is too slow.
    if not drill.complete_read:
        msg = "the rows could not all be read back, and the acknowledgement of a write that was lost is no service"
        raise CannotLookError(msg)
