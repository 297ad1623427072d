"""A host of an example that loses its power, and gets it back: the commands of its target file's drills."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from checks.targets import Kill
from fixtures import REPOSITORY
from fixtures.hosts import Driver
from fixtures.services import Service


@runtime_checkable
class Restarts(Protocol):
    """Can be started on its files as they are."""

    def restart(self) -> None:
        """Stop it, and start it again."""
        ...


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


@dataclass(frozen=True)
class PowerSwitch:
    """The command lines for the hosts of a running example, but for the address."""

    example: str
    driver: Driver

    @property
    def kill(self) -> list[str]:
        """Ends everything on a host; see `examples.common.kill`."""
        return ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "examples.common.kill", self.driver.run_id]

    @property
    def start(self) -> list[str]:
        """Starts its services again."""
        own = ("example", "start", self.example, "--run", self.driver.run_id)
        return ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "cli", *own]
