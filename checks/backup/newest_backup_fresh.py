"""The newest backup is recent and the WAL since then is archived (45 CFR 164.308(a)(7)(ii)(A); NIST SP 800-53 CP-9)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import BackupFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Backups


def _ten_days_old(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(stale=True))


def _archiving_broken(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(archiving=False))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(A)",),
    violations=(_ten_days_old, _archiving_broken),
)
def newest_backup_fresh(backups: Backups, policy: Policy) -> Iterator[Finding]:
    """Age of the newest backup that is complete, and whether a WAL segment that is closed now arrives."""
    seen = backups.information()
    limit = policy.recovery.backup_age_s
    age = "there is none" if seen.age_s is None else f"it is {seen.age_s:.0f} s old, {limit:.0f} s are allowed"
    yield Finding(
        subject="newest complete backup",
        ok=seen.age_s is not None and seen.age_s <= limit,
        message=age,
        remedy="run a backup now, and alert when the newest is older than the policy allows",
    )
    yield Finding(
        subject="WAL archiving",
        ok=seen.archiving,
        message=seen.detail,
        remedy="read the server's log for archive_command: without the archive everything since the backup can be lost",
    )
