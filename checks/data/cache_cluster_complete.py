"""The session cache serves every slot, and every primary has a replica (45 CFR 164.308(a)(7)(ii)(C)).

Three stores that do not know each other lose a third of the sessions with each restart, and a revoked token comes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import CacheFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Cache

_SLOTS = 16384  # https://redis.io/docs/reference/cluster-spec/


def _cache_without_its_last_slot(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(slots=_SLOTS - 1))


def _cache_without_replicas(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(replicas=0))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_cache_without_its_last_slot, _cache_without_replicas),
)
def cache_cluster_complete(cache: Cache) -> Iterator[Finding]:
    """Slots whose primary answers, and primaries with a replica that is in step."""
    slots, primaries, replicated = cache.cluster()
    yield Finding(
        subject="cache slots",
        ok=slots == _SLOTS,
        message=f"{slots} of {_SLOTS} slots are served by {primaries} primaries",
        remedy="bring the missing primary back, or assign its slots: redis-cli --cluster fix",
    )
    yield Finding(
        subject="cache replicas",
        ok=primaries > 0 and replicated == primaries,
        message=f"{replicated} of {primaries} primaries have a connected replica",
        remedy="add a replica to each primary: redis-cli --cluster add-node --cluster-slave",
    )
