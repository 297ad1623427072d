"""A full cache refuses what is new, and forgets no session that was revoked (our rule SEC-7)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import CacheFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Cache


def _cache_that_evicts(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(settings={"maxmemory-policy": "allkeys-lru"}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)", "ours:SEC-7"),
    violations=(_cache_that_evicts,),
)
def cache_evicts_nothing(cache: Cache) -> Iterator[Finding]:
    """What every node does when its memory is full."""
    for node in cache.nodes:
        policy = cache.configuration(node).get("maxmemory-policy", "")
        yield Finding(
            subject=f"cache {node}",
            ok=policy == "noeviction",
            message=f"maxmemory-policy is {policy or 'not told'}",
            remedy="set maxmemory-policy noeviction",
        )
