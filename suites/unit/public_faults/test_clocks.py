"""A time that lies ahead, or a span that is negative, is not a short one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from checks.lab import BackupFlaws
from checks.model import Status
from checks.targets import BackupInfo, Restoration
from fixtures.services.database.pgbackrest import contents_of
from suites.unit.public_faults.edges import broken, lab, verdict

CHECK = "backup/newest_backup_fresh"
HOUR, DAY = 3600.0, 86_400.0


@dataclass
class _Repository:
    """Backups of these ages."""

    ages_s: tuple[float, ...] = field(default=())

    def information(self) -> BackupInfo:
        return BackupInfo("aes-256-cbc", self.ages_s, archiving=True, detail="WAL arrives")

    def plaintext_in_repository(self) -> tuple[str, ...]:
        raise NotImplementedError

    def restore(self) -> Restoration:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("ages_s", "faults"),
    [
        ((HOUR,), ()),
        ((10 * DAY, HOUR), ()),
        ((-30.0,), ()),  # clocks of two hosts
        ((-300 * DAY,), ("dates of the backups: 1 of 1 end in the future", "newest complete backup: there is none")),
        ((HOUR, -300 * DAY), ("dates of the backups: 1 of 2 end in the future, by up to 25920000 s",)),
        ((10 * DAY, -HOUR), ("dates of the backups: 1 of 2", "newest complete backup: it is 864000 s old")),
        ((10 * DAY,), ("newest complete backup: it is 864000 s old",)),
        ((), ("newest complete backup: there is none",)),
    ],
)
def test_a_backup_of_the_future_fails_and_hides_no_older_one(
    ages_s: tuple[float, ...], faults: tuple[str, ...]
) -> None:
    """21. "-25920000 s old" is not fresh."""
    seen = verdict(_Repository(ages_s), CHECK)

    assert seen.status is (Status.FAIL if faults else Status.PASS)
    assert len(broken(seen)) == len(faults)
    assert all(line.startswith(fault) for line, fault in zip(broken(seen), faults, strict=True)), broken(seen)


def test_a_real_repository_says_that_its_backup_lies_ahead() -> None:
    """21. pgBackRest's own account, by a clock that is ten days behind it."""
    with lab() as build:
        seen = verdict(build.build(BackupFlaws(ahead=True)), CHECK)

    assert seen.status is Status.FAIL
    assert broken(seen)[0].startswith("dates of the backups: 1 of 1 end in the future, by up to 86")


def test_every_backup_without_damaged_pages_counts() -> None:
    now = datetime.now(UTC).replace(microsecond=0)

    def copy(age: timedelta, *, error: bool) -> dict[str, object]:
        return {"label": "x", "timestamp": {"stop": int((now - age).timestamp())}, "error": error}

    copies = [
        copy(timedelta(days=2), error=False),
        copy(timedelta(0), error=True),
        copy(timedelta(days=-1), error=False),
    ]
    stanza = {"name": "main", "backup": copies, "cipher": "none", "status": {"message": "ok"}}
    contents = contents_of(json.loads(json.dumps([stanza])), "main")

    assert contents.ages_s(now) == (2 * DAY, -DAY)
