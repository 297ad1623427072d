"""What can be wrong with backups."""

from __future__ import annotations

from dataclasses import dataclass

from checks.lab.flaws import Flaws
from checks.targets import Backups


@dataclass(frozen=True)
class BackupFlaws(Flaws[Backups]):
    """A PostgreSQL with one pgBackRest backup.

    Args:
        encrypted: False keeps the repository in clear.
        damaged: True overwrites bytes of the backup.
        stale: True makes it ten days old.
        ahead: True dates it ten days from now.
        archiving: False archives no WAL since then.
    """

    encrypted: bool = True
    damaged: bool = False
    stale: bool = False
    ahead: bool = False
    archiving: bool = True
