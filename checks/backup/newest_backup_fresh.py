"""The newest backup is recent and the WAL since then is archived (45 CFR 164.308(a)(7)(ii)(A); NIST SP 800-53 CP-9)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import BackupFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Backups

_SKEW_S = 60  # by which the clocks of two hosts may differ


def _ten_days_old(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(stale=True))


def _ten_days_ahead(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(ahead=True))


def _archiving_broken(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(archiving=False))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(A)",),
    violations=(_ten_days_old, _ten_days_ahead, _archiving_broken),
)
def newest_backup_fresh(backups: Backups, policy: Policy) -> Iterator[Finding]:
    """Dates of the complete backups, the age of the newest that is not of the future, and whether a WAL segment that is
    closed now arrives.
    """
    seen = backups.information()
    limit = policy.recovery.backup_age_s
    ahead = [-age for age in seen.ages_s if age < -_SKEW_S]
    yield Finding(
        subject="dates of the backups",
        ok=not ahead,
        message=f"{len(ahead)} of {len(seen.ages_s)} end in the future, by up to {max(ahead):.0f} s"
        if ahead
        else f"none of {len(seen.ages_s)} ends in the future ({_SKEW_S} s that clocks may differ by are granted)",
        remedy="set the clock of the host that made them, then back up anew: what is dated wrong tells no age",
    )
    newest = min((age for age in seen.ages_s if age >= -_SKEW_S), default=None)
    yield Finding(
        subject="newest complete backup",
        ok=newest is not None and newest <= limit,
        message="there is none" if newest is None else f"it is {newest:.0f} s old, {limit:.0f} s are allowed",
        remedy="run a backup now, and alert when the newest is older than the policy allows",
    )
    yield Finding(
        subject="WAL archiving",
        ok=seen.archiving,
        message=seen.detail,
        remedy="read the server's log for archive_command: without the archive everything since the backup can be lost",
    )
