"""The backups of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class BackupInfo:
    """What the backup repository says: its cipher, its complete backups, and the state of WAL archiving.

    ``ages_s`` are seconds from the end of each complete backup until now, by the clock of whoever looks; negative for
    one that is dated in the future.
    """

    cipher: str
    ages_s: tuple[float, ...]
    archiving: bool
    detail: str


@dataclass(frozen=True)
class Restoration:
    """A restore of the newest backup into an empty place, with WAL replayed, compared with the source.

    ``expected_rows`` and ``restored_rows`` count the rows of all PHI tables at a marker written before the last WAL
    switch; ``marker_found`` says whether that marker came back; ``seconds`` is from the command to readable data.
    """

    completed: bool
    expected_rows: int
    restored_rows: int
    checksums_match: bool
    marker_found: bool
    seconds: float
    detail: str


@runtime_checkable
class Backups(Protocol):
    """The backups of the database."""

    def information(self) -> BackupInfo:
        """The repository's own account of itself."""
        ...

    def plaintext_in_repository(self) -> tuple[str, ...]:
        """``file: offset`` of every database page, WAL header or canary readable without the key."""
        ...

    def restore(self) -> Restoration:
        """Restore into an empty place, verify and clean up."""
        ...
