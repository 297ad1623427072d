"""What can be wrong with a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks.lab.flaws import Flaws
from checks.targets import Cache


@dataclass(frozen=True)
class CacheFlaws(Flaws[Cache]):
    """A Redis Cluster of one primary and its replicas; TLS and ACL as in the reference.

    Args:
        settings: redis.conf settings in place of the reference ones.
        acl: lines that are added, or stand for the reference's line of the same user.
        slots: how many, from the first, the primary owns.
        replicas: how many follow it.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    acl: Sequence[str] = ()
    slots: int = 16384
    replicas: int = 1
