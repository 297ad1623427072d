"""The session cache speaks only TLS and only to named accounts (45 CFR 164.312(e)(1) and 164.312(d)).

A cache in clear, or one that answers anybody, hands out sessions: whoever reads or writes it is every user at once. A
command that is not permitted (NOPERM) is refused to somebody who is logged in; only NOAUTH, or no word at all, keeps
strangers out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import CacheFlaws, Lab
from checks.looking import every
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Cache

# https://redis.io/docs/latest/develop/reference/protocol-spec/: the first word of an error is its kind.
_KEPT_OUT = ("-NOAUTH", "-WRONGPASS")
_FULL = "-ERR max number of clients"
_NO_CLEAR_PORT = "set port 0 and serve tls-port only, with tls-replication and tls-cluster on"


def _cache_with_a_port_in_clear(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(settings={"port": "6390"}, replicas=0))


def _cache_open_to_anybody(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(acl=["user default on nopass ~* &* +@all"], replicas=0))


def _sessions_readable_by_anybody(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(acl=["user default on nopass ~session:* -@all +get"], replicas=0))


def _account_without_a_password(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(acl=["user metrics on nopass ~* -@all +info"], replicas=0))


def _cluster_bus_in_clear(lab: Lab) -> Cache:
    return lab.build(CacheFlaws(settings={"tls-cluster": "no"}, replicas=0))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(d)"),
    violations=(
        _cache_with_a_port_in_clear,
        _cache_open_to_anybody,
        _sessions_readable_by_anybody,
        _account_without_a_password,
        _cluster_bus_in_clear,
    ),
)
def cache_refuses_plaintext_and_anonymous(cache: Cache) -> Iterator[Finding]:
    """Every node and Sentinel: no word in clear on any port it listens on, and none but NOAUTH without an account."""
    looks = [partial(look, cache, node) for node in cache.nodes for look in (_node, _accounts)]
    yield from every([*looks, *(partial(_sentinel, cache, sentinel) for sentinel in cache.sentinels)])


def _node(cache: Cache, node: str) -> Iterator[Finding]:
    settings = cache.configuration(node)  # its administrator is answered over TLS: without that a refusal says nothing
    host, _, own = node.rpartition(":")
    ports = dict.fromkeys((own, settings.get("port", "0")))
    for port in ports:
        if port != "0":
            yield _in_clear(cache, f"{host}:{port}")
    yield _without_account(cache, node)
    if settings.get("cluster-enabled") == "yes":
        bus = settings.get("tls-cluster", "no")
        yield Finding(
            subject=f"cache {node} cluster bus",
            ok=bus == "yes",
            message=f"tls-cluster is {bus}",
            remedy="set tls-cluster yes: by the bus anybody may join a cluster and take slots of it",
        )


def _accounts(cache: Cache, node: str) -> Iterator[Finding]:
    accounts = cache.accounts(node)
    open_to_all = [account.name for account in accounts if account.enabled and account.passwordless]
    told = f"{', '.join(open_to_all)} can be logged in as without a password"
    yield Finding(
        subject=f"cache {node} accounts",
        ok=not open_to_all,
        message=told if open_to_all else f"each of {len(accounts)} is off, or asks for a password",
        remedy="switch the account off, or give it a password (ACL SETUSER NAME off resetpass)",
    )


def _sentinel(cache: Cache, sentinel: str) -> Iterator[Finding]:
    seen = cache.greet(sentinel, encrypted=True)
    if not seen.said:
        msg = f"Sentinel {sentinel} says nothing over TLS ({seen.silence}), so its silence in clear says nothing either"
        raise CannotLookError(msg)
    yield _in_clear(cache, sentinel)
    yield _without_account(cache, sentinel)


def _in_clear(cache: Cache, server: str) -> Finding:
    # Whatever it says: a server that asks for a password in clear would take it that way.
    seen = cache.greet(server, encrypted=False)
    return Finding(
        subject=f"cache {server} in clear",
        ok=not seen.said,
        message=f"speaks without TLS: {seen.said}" if seen.said else f"says nothing: {seen.silence}",
        remedy=_NO_CLEAR_PORT,
    )


def _without_account(cache: Cache, server: str) -> Finding:
    seen = cache.greet(server, encrypted=True)
    if seen.said.startswith(_FULL):
        msg = f"{server} takes no more connections, which says nothing of strangers: {seen.said}"
        raise CannotLookError(msg)
    kept_out = not seen.said or seen.said.startswith(_KEPT_OUT)
    words = seen.said or seen.silence
    return Finding(
        subject=f"cache {server} without an account",
        ok=kept_out,
        message=f"refuses: {words}" if kept_out else f"takes anybody for one of its users: {words}",
        remedy="switch the default user off (ACL: user default off) and give each client an account of its own",
    )
