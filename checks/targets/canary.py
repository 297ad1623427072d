"""The PHI canary, driven through a deployment and looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Trace:
    """Where a marker of the synthetic patient was found: a file with offset, or hosts and port; and its encoding."""

    place: str
    encoding: str


@dataclass(frozen=True)
class Sighting:
    """A search for the canary: what was searched, how much, and what was found.

    Args:
        examined: files or packets; of what was not searched, how many there are.
        problem: why the search is not complete; empty when it is.
        encrypted_below: why it was not searched at all: it lies in clear on a volume that is encrypted.
    """

    place: str
    examined: int
    bytes: int
    traces: tuple[Trace, ...]
    problem: str = ""
    encrypted_below: str = ""


@runtime_checkable
class Canary(Protocol):
    """A synthetic patient with marker strings that occur nowhere else, driven through the whole system."""

    def at_rest(self) -> tuple[Sighting, ...]:
        """Every kind of byte at rest: database files, WAL, backups, cache files, logs, model server, evidence."""
        ...

    def on_the_wire(self) -> tuple[Sighting, ...]:
        """Every link between hosts while the patient's data moved."""
        ...
