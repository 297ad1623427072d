"""Restores that are drilled: to a moment just before a loss, and from backups that are damaged in some way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class PointInTime:
    """A recovery to just before a mass delete, of a table of its own.

    ``deleted``: how many rows the delete took, ``restored`` how many of these came back. ``last_before``: whether the
    row came back that was committed last before the delete; ``first_after``: whether the row is there that was
    committed first after it, which it must not be. ``seconds`` is from the command to readable data.
    """

    completed: bool
    deleted: int
    restored: int
    last_before: bool
    first_after: bool
    seconds: float
    detail: str


class RestoreStep(StrEnum):
    """How far a restore came: the repository is looked at, files are restored, WAL is replayed; all done."""

    LOOK = "look"
    RESTORE = "restore"
    RECOVERY = "recovery"
    DONE = "done"


@dataclass(frozen=True)
class DamagedRestore:
    """A restore from a copy of the repository that was damaged, or with a wrong key.

    Args:
        damage: in a few words.
        earliest: the step that can see it first.
        stopped: the step that refused to go on.
        said: what it said, without the key.
    """

    damage: str
    earliest: RestoreStep
    stopped: RestoreStep
    said: str


@runtime_checkable
class RestoreDrills(Protocol):
    """Restores that are tried beside the deployment, on a place of their own."""

    def just_before_a_loss(self) -> PointInTime:
        """Delete every row of a table that is made for it, restore to just before that, and look; it is removed
        afterwards.

        Raises:
            CannotLookError: the source cannot be written to.
        """
        ...

    def damaged(self) -> tuple[DamagedRestore, ...]:
        """Try to restore from a copy of the repository with a tampered backup, without a segment of WAL, with a wrong
        key, and without one; and from one that is sound, which shows that a restore comes to its end.

        Raises:
            CannotLookError: the repository cannot be copied, or is sound and cannot be restored from.
        """
        ...
