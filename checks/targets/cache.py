"""The session cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class CacheReply:
    """What a server answers to the PING of somebody without an account.

    ``said`` is the first line of it as it came, e.g. ``-NOAUTH Authentication required.``; empty when none came, and
    then ``silence`` says what did.
    """

    said: str
    silence: str = ""


@dataclass(frozen=True)
class CacheAccount:
    """A user of the access list: whether it can be logged in as, and whether that takes no password."""

    name: str
    enabled: bool
    passwordless: bool


@runtime_checkable
class Cache(Protocol):
    """The session cache. ``nodes`` and ``sentinels`` are ``host:port``."""

    nodes: tuple[str, ...]
    sentinels: tuple[str, ...]

    def greet(self, server: str, *, encrypted: bool) -> CacheReply:
        """Send PING as a stranger, with TLS or without."""
        ...

    def configuration(self, node: str) -> Mapping[str, str]:
        """CONFIG GET * of a node, less secrets."""
        ...

    def accounts(self, node: str) -> tuple[CacheAccount, ...]:
        """ACL LIST of a node: every user, ``default`` among them."""
        ...

    def cluster(self) -> tuple[int, int, int]:
        """(slots covered of 16384, reachable primaries, primaries with a connected replica)."""
        ...
