"""A host of an example that loses its power, and gets it back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from checks.targets import Kill
from fixtures import REPOSITORY
from fixtures.hosts import Driver, Host, HostError, unable
from fixtures.services import Service


@runtime_checkable
class Restarts(Protocol):
    """Can be started on its files as they are."""

    def restart(self) -> None:
        """Stop it, and start it again."""
        ...


def kill_host(host: Host) -> None:
    """End every process on it at once.

    Raises:
        HostError: it cannot be killed.
    """
    if not isinstance(host, Kill):
        raise HostError(str(unable(host, "killed")))
    host.kill()


def start_host(services: Sequence[Service]) -> None:
    """Start a host and those of its services that do not run, in their order; whatever was changed in their files
    stays.
    """
    host = services[0].host
    if isinstance(host, Kill):
        host.start()
    for service in services:
        if host.process(service.name) is None:
            if isinstance(service, Restarts):
                service.restart()
            else:
                service.start()


def power_command(example: str, driver: Driver) -> list[str]:
    """The command line that does so to a host of a running example, but for ``kill`` or ``start`` and its address."""
    return [sys.executable, str(REPOSITORY / "cli.py"), "example", "host", example, "--run", driver.run_id]
