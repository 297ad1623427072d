"""A backup restores, completely, to a chosen moment, in time (45 CFR 164.308(a)(7)(ii)(B); NIST 800-53 CP-10).

Nothing but a restore proves a backup. A table that counts does not prove the rest: every row of every table with PHI is
compared with the source at a marker in the WAL.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import BackupFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import Backups


def _damaged_files(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(damaged=True))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(7)(ii)(B)", "hipaa:164.308(a)(7)(ii)(D)", "hipaa:164.308(a)(7)(ii)(A)"),
    violations=(_damaged_files,),
)
def restores_completely(backups: Backups, policy: Policy) -> Iterator[Finding]:
    """One restore into an empty place: completed, the marker found, every row and page as it was, within the time."""
    seen = backups.restore()
    if not seen.expected_rows:
        msg = "the source holds no row: a restore of nothing proves nothing"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    remedy = "make a new full backup, restore it, and find what damaged this one"
    yield Finding(subject="restore", ok=seen.completed, message=seen.detail, remedy=remedy)
    if not seen.completed:
        return
    yield Finding(
        subject="marker at the end of the WAL",
        ok=seen.marker_found,
        message="recovered up to it" if seen.marker_found else "not reached: WAL is missing",
        remedy="keep every WAL segment since the backup; look for gaps in the archive",
    )
    yield Finding(
        subject="rows",
        ok=seen.restored_rows == seen.expected_rows,
        message=f"{seen.restored_rows} of {seen.expected_rows} rows came back",
        remedy=remedy,
    )
    yield Finding(subject="content and page checksums", ok=seen.checksums_match, message=seen.detail, remedy=remedy)
    limit = policy.recovery.restore_s
    yield Finding(
        subject="time to restore",
        ok=seen.seconds <= limit,
        message=f"{seen.seconds:.1f} s from the command to readable data; {limit:.0f} s are allowed",
        remedy="restore with more processes, or from a nearer repository",
    )
