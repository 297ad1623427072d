"""The machines that carry the services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class FileFacts:
    """Mode as in 0o600, owner and group by name; ``host`` is empty where it is the harness's own machine."""

    path: str
    mode: int
    owner: str
    group: str
    host: str = ""


@dataclass(frozen=True)
class ProcessFacts:
    """A process: its command's name, pid, effective user by name, and host as in `FileFacts`."""

    command: str
    pid: int
    user: str
    host: str = ""


@runtime_checkable
class Hosts(Protocol):
    """The machines that carry the services.

    A machine that cannot be looked at hides nothing of the others: both methods raise `CannotLookError` for it at their
    end, after everything that was seen.
    """

    def private_keys(self) -> Iterable[FileFacts]:
        """Every private key file that the deployment declares."""
        ...

    def store_processes(self) -> Iterable[ProcessFacts]:
        """Every running process of a database, a cache or their cluster manager that is the deployment's.

        What has ended and waits to be collected (a zombie) runs no more.
        """
        ...
