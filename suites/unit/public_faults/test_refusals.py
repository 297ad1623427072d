"""An error is a refusal only where it keeps out whoever asked: what is said inside proves the opposite."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from checks.lab import CacheFlaws, DatabaseFlaws
from checks.model import Status
from checks.targets import CacheAccount, CacheReply, NodeContact
from fixtures.targets.cache.stranger import greet
from suites.unit.public_faults.edges import broken, lab, serving, verdict

CACHE, DATABASE = "data/cache_refuses_plaintext_and_anonymous", "data/database_refuses_plaintext"
FEDERATION = "federation/client_certificate_required"
READER = "user default on nopass ~session:* -@all +get"
EMPTY_PASSWORD = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # noqa: S105  SHA-256 of nothing


@pytest.mark.parametrize(
    ("flaws", "seen"),
    [
        (CacheFlaws(acl=[READER], replicas=0), "without an account: takes anybody for one of its users: -NOPERM"),
        (CacheFlaws(acl=[READER], replicas=0), "accounts: default can be logged in as without a password"),
        (CacheFlaws(acl=[READER], settings={"port": "6390"}, replicas=0), "6390 in clear: speaks without TLS: -NOPERM"),
        (CacheFlaws(settings={"port": "6390"}, replicas=0), "6390 in clear: speaks without TLS: -NOAUTH"),
        (CacheFlaws(acl=[f"user x on #{EMPTY_PASSWORD} -@all"], replicas=0), "accounts: x can be logged in as"),
        (CacheFlaws(settings={"tls-cluster": "no"}, replicas=0), "cluster bus: tls-cluster is no"),
    ],
)
def test_a_stranger_who_is_logged_in_was_not_refused(flaws: CacheFlaws, seen: str) -> None:
    """10. NOPERM is said to somebody whom the server takes for one of its users, and in clear every word counts."""
    with lab() as build:
        found = verdict(build.build(flaws), CACHE)

    assert found.status is Status.FAIL
    assert any(seen in line for line in broken(found)), broken(found)


def test_an_account_that_is_off_needs_no_password() -> None:
    with lab() as build:
        found = verdict(build.build(CacheFlaws(acl=["user x off nopass ~* +@all"], replicas=0)), CACHE)

    assert (found.status, found.explanation) == (Status.PASS, "")


@dataclass
class _Spoken:
    """A cache whose servers say what is told, over TLS and in clear."""

    over_tls: CacheReply
    in_clear: CacheReply
    nodes: tuple[str, ...] = ("10.0.0.1:6379",)
    sentinels: tuple[str, ...] = ()

    def greet(self, server: str, *, encrypted: bool) -> CacheReply:
        del server
        return self.over_tls if encrypted else self.in_clear

    def configuration(self, node: str) -> Mapping[str, str]:
        del node
        return {"port": "0"}

    def accounts(self, node: str) -> tuple[CacheAccount, ...]:
        del node
        return (CacheAccount("default", enabled=True, passwordless=False),)

    def cluster(self) -> tuple[int, int, int]:
        raise NotImplementedError


SILENCE, NOAUTH = CacheReply("", "it hangs up"), CacheReply("-NOAUTH Authentication required.")


@pytest.mark.parametrize(
    ("over_tls", "in_clear", "status"),
    [
        (NOAUTH, SILENCE, Status.PASS),
        (CacheReply("-WRONGPASS invalid username-password pair"), SILENCE, Status.PASS),
        (SILENCE, SILENCE, Status.PASS),
        (CacheReply("-ERR max number of clients reached"), SILENCE, Status.UNKNOWN),
        (CacheReply("-LOADING Redis is loading the dataset in memory"), SILENCE, Status.FAIL),
        (CacheReply("-NOPERM User default has no permissions to run the 'ping' command"), SILENCE, Status.FAIL),
        (CacheReply("-DENIED Redis is running in protected mode"), SILENCE, Status.FAIL),
        (NOAUTH, NOAUTH, Status.FAIL),
        (NOAUTH, CacheReply("-DENIED Redis is running in protected mode"), Status.FAIL),
    ],
)
def test_what_a_cache_says_to_strangers(over_tls: CacheReply, in_clear: CacheReply, status: Status) -> None:
    assert verdict(_Spoken(over_tls, in_clear), CACHE).status is status


@pytest.mark.parametrize(
    ("over_tls", "in_clear", "status"),
    [(NOAUTH, SILENCE, Status.PASS), (NOAUTH, NOAUTH, Status.FAIL), (SILENCE, SILENCE, Status.UNKNOWN)],
)
def test_what_a_sentinel_says_to_strangers(over_tls: CacheReply, in_clear: CacheReply, status: Status) -> None:
    """Whoever speaks to one can point every client at a primary of their own. No account of it is known to the gate."""
    watching = _Spoken(over_tls, in_clear, nodes=(), sentinels=("10.0.0.1:26379",))
    assert verdict(watching, CACHE).status is status


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"-DENIED Redis is running in protected mode because it is enabled\r\n", "-DENIED Redis is running"),
        (b"+PONG\r\n", "+PONG"),
        (b"\x1b[2J\r\n", "\x1b[2J"),
        (b"\r\n", "b'\\r\\n'"),
        (b"\x15\x03\x01\x00\x02\x02\x46", ""),
        (b"", ""),
    ],
)
def test_the_first_line_in_clear_is_taken_word_for_word(answer: bytes, said: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(answer)

    with serving(talk) as port:
        seen = greet(f"127.0.0.1:{port}", encrypted=False, timeout_s=2)

    assert seen.said.startswith(said) if said else not seen.said
    assert bool(seen.said) is not bool(seen.silence)


def test_an_answer_that_comes_after_the_log_in_is_no_refusal_of_a_password() -> None:
    """A role without connections left, whom the server trusts: it got in, and was sent away for something else."""
    flaws = DatabaseFlaws(
        access="hostssl clinical clinical_app 0.0.0.0/0 trust", sql="ALTER ROLE clinical_app CONNECTION LIMIT 0"
    )
    with lab() as build:
        found = verdict(build.build(flaws), DATABASE)

    assert found.status is Status.FAIL
    assert not any("without a password" in finding.subject for finding in found.findings)
    assert "is told what is told to whom a server has let in, too" in found.explanation


@dataclass
class _Answering:
    """A federation of one node, which answers members, and strangers as told."""

    status: int

    def contact(self, way: str) -> tuple[NodeContact, ...]:
        status = 200 if way == "with-certificate" else self.status
        detail = f"HTTP {status}" if status else "it hangs up"
        return (NodeContact("node", way, accepted=status == 200, detail=detail, status=status),)


@pytest.mark.parametrize(
    ("status", "verdict_of"),
    [(0, Status.PASS), *((status, Status.PASS) for status in (400, 401, 403, 496))]
    + [(status, Status.FAIL) for status in (200, 201, 302, 404, 405, 415, 422)]
    + [(status, Status.UNKNOWN) for status in (429, 500, 502, 503)],
)
def test_a_node_that_looks_into_what_a_stranger_wants_has_not_refused(status: int, verdict_of: Status) -> None:
    assert verdict(_Answering(status), FEDERATION).status is verdict_of
