"""A restore stops exactly before a mass delete (45 CFR 164.308(a)(7)(ii)(B); NIST SP 800-53 CP-10).

The last row that was committed before it is there, every row that it took, and no row that was committed after it: one
transaction too far, and the loss is restored as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, RestoreDrillFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import RestoreDrills


def _one_transaction_too_far(lab: Lab) -> RestoreDrills:
    return lab.build(RestoreDrillFlaws(exclusive=False))


def _to_the_backup_and_no_further(lab: Lab) -> RestoreDrills:
    return lab.build(RestoreDrillFlaws(whole=False))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(B)", "hipaa:164.308(a)(7)(ii)(D)"),
    violations=(_one_transaction_too_far, _to_the_backup_and_no_further),
    drills_only=True,
)
def recovers_to_just_before_a_loss(restores: RestoreDrills, policy: Policy) -> Iterator[Finding]:
    """One recovery, with the rows on either side of the delete."""
    seen = restores.just_before_a_loss()
    if not seen.deleted:
        msg = "the delete took no row: nothing was lost that could come back"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    yield Finding(
        subject="recovery to just before the delete",
        ok=seen.completed,
        message=seen.detail,
        remedy="keep every WAL segment since the backup, and recover with an exclusive target",
    )
    if not seen.completed:
        return
    yield Finding(
        subject="rows that the delete took",
        ok=seen.restored == seen.deleted,
        message=f"{seen.restored} of {seen.deleted} came back",
        remedy="recover to the transaction before: recovery_target_inclusive = off",
    )
    yield Finding(
        subject="last row before the delete",
        ok=seen.last_before,
        message="it came back" if seen.last_before else "it is gone: recovery stopped too early",
        remedy="recover by the transaction or the position of the loss, not by a time that was guessed",
    )
    yield Finding(
        subject="first row after the delete",
        ok=not seen.first_after,
        message="it is there: recovery went too far" if seen.first_after else "it is not there",
        remedy="recover to the transaction before: recovery_target_inclusive = off",
    )
    limit = policy.recovery.restore_s
    yield Finding(
        subject="time to recover",
        ok=seen.seconds <= limit,
        message=f"{seen.seconds:.1f} s from the command to readable data; {limit:.0f} s are allowed",
        remedy="restore with more processes, or from a nearer repository",
    )
