"""The machines that carry the services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class FileFacts:
    """Mode as in 0o600, owner and group by name."""

    path: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True)
class ProcessFacts:
    """A process: its command's name, pid, and effective user by name."""

    command: str
    pid: int
    user: str


@runtime_checkable
class Hosts(Protocol):
    """The machines that carry the services."""

    def private_keys(self) -> tuple[FileFacts, ...]:
        """Every private key file that the deployment declares."""
        ...

    def store_processes(self) -> tuple[ProcessFacts, ...]:
        """Every running process of a database, a cache or their cluster manager."""
        ...
