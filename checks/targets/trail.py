"""The audit trail of an application, wherever it is kept: a table, a log, or an act that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from checks.application import Trail


@dataclass(frozen=True)
class TrailEntry:
    """One entry, in the words of the description's ``fields``; what it does not hold is empty.

    ``resource`` names what it is about, e.g. by its path; ``request_id`` is the one of the answer's header.
    """

    at: str = ""
    username: str = ""
    action: str = ""
    resource: str = ""
    outcome: str = ""
    address: str = ""
    request_id: str = ""


@runtime_checkable
class AuditTrail(Protocol):
    """The trail of one application."""

    description: Trail

    def mark(self) -> object:
        """Where the trail stands now, for `since`."""
        ...

    def since(self, mark: object, *, at_least: int) -> tuple[TrailEntry, ...]:
        """What was added since, oldest first; waits a few seconds until so many entries are there."""
        ...
