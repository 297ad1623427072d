"""What can be wrong with how backups are restored."""

from __future__ import annotations

from dataclasses import dataclass

from checks.lab.flaws import Flaws
from checks.targets import RestoreDrills


@dataclass(frozen=True)
class RestoreDrillFlaws(Flaws[RestoreDrills]):
    """Restores of a PostgreSQL with one pgBackRest backup.

    Args:
        exclusive: False recovers up to and with the transaction of the loss.
        whole: False recovers to where the backup is consistent, and replays no more.
        looked_at: False restores without having looked at the repository.
        targeted: False recovers to the end of the WAL that there is, however far that is.
    """

    exclusive: bool = True
    whole: bool = True
    looked_at: bool = True
    targeted: bool = True
