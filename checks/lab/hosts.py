"""What can be wrong with a host."""

from __future__ import annotations

from dataclasses import dataclass

from checks.lab.flaws import Flaws
from checks.targets import Hosts


@dataclass(frozen=True)
class HostFlaws(Flaws[Hosts]):
    """A host with a private key of the given mode, and a Redis that runs under the given account."""

    key_mode: int = 0o600
    account: str = "redis"
