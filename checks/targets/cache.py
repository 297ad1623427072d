"""The session cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from checks.targets.attempt import Attempt


@runtime_checkable
class Cache(Protocol):
    """The session cache. ``nodes`` are ``host:port``."""

    nodes: tuple[str, ...]

    def ping(self, node: str, *, encrypted: bool, authenticated: bool) -> Attempt:
        """Send PING with or without TLS and credentials; accepted when the server answers PONG."""
        ...

    def configuration(self, node: str) -> Mapping[str, str]:
        """CONFIG GET * of a node, less secrets."""
        ...

    def cluster(self) -> tuple[int, int, int]:
        """(slots covered of 16384, reachable primaries, primaries with a connected replica)."""
        ...
