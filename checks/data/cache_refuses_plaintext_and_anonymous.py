"""The session cache speaks only TLS and only to named accounts (45 CFR 164.312(e)(1) and 164.312(d)).

A cache in clear, or one that answers anybody, hands out sessions: whoever reads or writes it is every user at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import CacheFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Attempt, Cache


def _cache_with_a_port_in_clear(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(settings={"port": "6390"}, replicas=0))


def _cache_open_to_anybody(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(acl=["user default on nopass ~* &* +@all"], replicas=0))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(d)"),
    violations=(_cache_with_a_port_in_clear, _cache_open_to_anybody),
)
def cache_refuses_plaintext_and_anonymous(cache: Cache) -> Iterator[Finding]:
    """Every node: no answer in clear on any port it listens on, and none without an account."""
    for node in cache.nodes:
        proper = cache.ping(node, encrypted=True, authenticated=True)
        if not proper.accepted:
            msg = f"{node} does not answer its own administrator over TLS, so a refusal says nothing: {proper.refusal}"
            raise CannotLookError(msg)
        yield _in_clear(node, cache.ping(node, encrypted=False, authenticated=False))
        port = cache.configuration(node).get("port", "0")
        if port not in ("0", node.rpartition(":")[2]):
            beside = f"{node.rpartition(':')[0]}:{port}"
            yield _in_clear(beside, cache.ping(beside, encrypted=False, authenticated=False))
        anonymous = cache.ping(node, encrypted=True, authenticated=False)
        yield Finding(
            subject=f"cache {node} without an account",
            ok=not anonymous.accepted,
            message="answers anybody" if anonymous.accepted else f"refuses: {anonymous.refusal}",
            remedy="switch the default user off (ACL: user default off) and give each client an account of its own",
        )


def _in_clear(node: str, seen: Attempt) -> Finding:
    # A server that asks for a password in clear has already spoken in clear, and would take the password that way.
    spoken = seen.accepted or "Authentication" in seen.refusal or "NOAUTH" in seen.refusal
    return Finding(
        subject=f"cache {node} in clear",
        ok=not spoken,
        message="speaks without TLS" if spoken else f"refuses: {seen.refusal}",
        remedy="set port 0 and serve tls-port only, with tls-replication and tls-cluster on",
    )
