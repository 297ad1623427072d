"""What was acknowledged is still there, whatever was broken (45 CFR 164.308(a)(7)(ii)(B); NIST SP 800-34 RPO).

Counted row by row against a ledger that the fault could not reach. To say that nothing was lost takes an
acknowledgement in the last second before the fault and a complete read after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import DrillFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.recovery._record import judged
from checks.targets import Drill, Drills

_FRESH_ACK_S = 1.0
_SHOWN = 5


def _acknowledged_before_durable(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(durable=False))


def _replicates_asynchronously(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(synchronous=False))


def _kept_twice_when_sent_twice(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(idempotent=False))


def _acknowledged_by_a_primary_given_up(lab: Lab) -> Drills:
    return lab.build(DrillFlaws(fenced=False, forgotten=True))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(B)", "hipaa:164.312(c)(1)"),
    violations=(
        _acknowledged_before_durable,
        _replicates_asynchronously,
        _acknowledged_by_a_primary_given_up,
        _kept_twice_when_sent_twice,
    ),
)
def no_acknowledged_write_lost(drills: Drills, policy: Policy) -> Iterator[Finding]:
    """Rows that are lost, corrupt, there twice, or there although the client was told that they are not."""
    yield from judged(drills, partial(_kept, policy))


def _kept(policy: Policy, drill: Drill) -> Iterator[Finding]:
    if not drill.complete_read:
        msg = "the rows could not all be read back"
        raise CannotLookError(msg)
    allowed = policy.recovery.rpo_s
    within = not drill.lost if allowed <= 0 else drill.lost_span_s <= allowed
    if not drill.lost and drill.ack_age_s > _FRESH_ACK_S:
        msg = (
            f"the last acknowledgement was {drill.ack_age_s:.1f} s old at the fault: too old to say that none was lost"
        )
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    lost = f"{len(drill.lost)} of {drill.acknowledged} acknowledged writes are gone, over {drill.lost_span_s:.2f} s"
    yield Finding(
        subject=f"{drill.scenario}: acknowledged writes",
        ok=within,
        message=lost if drill.lost else f"all {drill.acknowledged} are there",
        remedy="synchronous_commit = on and synchronous_mode_strict: true; promote only a synchronous standby",
        evidence="\n".join(drill.lost[:_SHOWN]),
    )
    for what, keys, remedy in (
        ("corrupt rows", drill.corrupt, "compare the page checksums of every node and restore the damaged one"),
        ("rows there twice", drill.duplicate, "make the idempotency key unique in the database"),
        ("rows said to have failed", drill.failed_yet_present, "answer 'unknown' when the outcome is unknown"),
    ):
        yield Finding(
            subject=f"{drill.scenario}: {what}",
            ok=not keys,
            message=f"{len(keys)} found" if keys else "none",
            remedy=remedy,
            evidence="\n".join(keys[:_SHOWN]),
        )
