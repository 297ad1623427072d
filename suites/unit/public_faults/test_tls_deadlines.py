"""A look ends with its deadline, however a server dawdles, and the rest goes on."""

from __future__ import annotations

import inspect
import ipaddress
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from checks.model import CannotLookError, Reason, Status
from fixtures.addresses import Address
from fixtures.lab.edge.certificates import issue, pem, root_authority, rsa_key, write_pair
from fixtures.targets.edge.target import TlsEdge
from suites.unit.public_faults.edges import NAME, Talk, answering, server_context, serving, verdict

TLS_CHECKS = (
    "tls/certificate_chain_and_name_valid",
    "tls/legacy_protocols_refused",
    "tls/modern_protocols_offered",
    "tls/weak_ciphers_refused",
)
HTTP_CHECKS = (
    "http/hsts_sent_and_plain_http_redirected",
    "http/metrics_not_public",
    "http/security_headers_present",
)
PATIENCE_S = 1.0
HALF_A_SERVER_HELLO = bytes.fromhex("160303007a0200007603")


def test_a_look_takes_ten_seconds_unless_told() -> None:
    assert inspect.signature(TlsEdge).parameters["patience_s"].default == 10.0


def _silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _half(connection: socket.socket) -> None:
    connection.sendall(HALF_A_SERVER_HELLO)
    _silent(connection)


def _dripping(connection: socket.socket) -> None:
    """A record of 16 KiB, byte by byte, each well within any time-out between two bytes."""
    connection.sendall(bytes.fromhex("1603034000"))
    while not threading.Event().wait(0.05):
        connection.sendall(b"\x02")


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"no TLS, but a great deal of it\r\n" * 1000)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Of a sound server."""
    directory = tmp_path_factory.mktemp("edge")
    root = root_authority()
    (directory / "ca.crt").write_bytes(pem(root.certificate))
    return server_context(write_pair(directory, "edge", *issue("valid", root, "127.0.0.1", NAME, rsa_key())))


def _late(context: ssl.SSLContext) -> Talk:
    """Does everything right, but for 0.7 of the deadline before every connection's first word."""

    def talk(connection: socket.socket) -> None:
        threading.Event().wait(0.7 * PATIENCE_S)
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", context)(connection)

    return talk


@pytest.mark.parametrize("talk", [_silent, _half, _dripping], ids=["silent", "half a hello", "dripping"])
def test_a_server_that_never_comes_to_a_word_is_waited_for_once(tmp_path: Path, talk: Talk) -> None:
    """31. All seven checks together take a deadline and a little, not one for each handshake."""
    with serving(talk) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path, patience_s=PATIENCE_S)
        began = time.monotonic()
        results = [verdict(edge, check) for check in (*TLS_CHECKS, *HTTP_CHECKS)]
        taken = time.monotonic() - began
    assert {(result.status, result.reason) for result in results} == {(Status.UNKNOWN, Reason.COULD_NOT_LOOK)}
    assert "no refusal" in results[1].explanation
    assert taken < 3 * PATIENCE_S


def test_a_server_that_is_always_late_is_waited_for_once(tmp_path: Path, context: ssl.SSLContext) -> None:
    """Each of its handshakes would be in time; together they are not."""
    with serving(_late(context)) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path, patience_s=PATIENCE_S)
        began = time.monotonic()
        results = [verdict(edge, check) for check in TLS_CHECKS]
        taken = time.monotonic() - began
    assert {result.status for result in results} == {Status.UNKNOWN}
    assert taken < 3 * PATIENCE_S


@pytest.mark.parametrize("talk", [_endless, lambda c: c.sendall(b"\0" * 64)], ids=["endless", "short"])
def test_garbage_is_no_refusal(tmp_path: Path, talk: Talk) -> None:
    """A server that speaks no TLS refuses every version, which says nothing."""
    with serving(talk) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path, patience_s=PATIENCE_S)
        results = [verdict(edge, check) for check in TLS_CHECKS]
    assert {result.status for result in results} == {Status.UNKNOWN}


def test_an_offer_of_an_old_version_that_nobody_answers_leaves_the_others_known(
    tmp_path: Path, context: ssl.SSLContext
) -> None:
    """As behind some firewalls: it is no refusal, and no reason to know nothing of TLS 1.2 and 1.3."""
    sound = answering(b"", context)

    def talk(connection: socket.socket) -> None:
        hello = connection.recv(11, socket.MSG_PEEK)
        if hello[:1] == b"\x16" and hello[9:11] == b"\x03\x03":  # the version that a ClientHello asks for
            sound(connection)
        else:
            _silent(connection)

    with serving(talk) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path, patience_s=2 * PATIENCE_S)
        statuses = {check: verdict(edge, check).status for check in TLS_CHECKS[1:]}
        (at,) = edge.addresses()
        ciphers = at.handshake("TLSv1.2").ciphers
    assert statuses == {
        "tls/legacy_protocols_refused": Status.UNKNOWN,
        "tls/modern_protocols_offered": Status.PASS,
        "tls/weak_ciphers_refused": Status.UNKNOWN,
    }
    assert "ECDHE-RSA-AES128-GCM-SHA256" in ciphers


def test_a_server_that_turns_the_scanner_away_has_refused_nothing(tmp_path: Path, context: ssl.SSLContext) -> None:
    """As what guards it against scans does: after some connections every one is reset, whatever it offers."""
    sound, left = answering(b"", context), iter(range(40))

    def talk(connection: socket.socket) -> None:
        if next(left, None) is not None:
            sound(connection)

    with serving(talk) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path, patience_s=5.0)
        results = [verdict(edge, check) for check in TLS_CHECKS]
    assert {result.status for result in results} == {Status.UNKNOWN}
    assert "refuses now what it took before" in results[1].explanation


def test_an_answer_that_drips_ends_with_the_deadline(tmp_path: Path, context: ssl.SSLContext) -> None:
    """TLS works, HTTP does not: the look at the page ends, and what TLS showed stands."""

    def talk(connection: socket.socket) -> None:
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as wire:
            wire.recv(4096)
            wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not threading.Event().wait(0.05):
                wire.sendall(b"x")

    with serving(talk) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path, patience_s=PATIENCE_S)
        (at,) = edge.addresses()
        began = time.monotonic()
        with pytest.raises(CannotLookError, match=r"gave no answer to / for 1 s"):
            at.get("/")
        assert time.monotonic() - began < 2 * PATIENCE_S
        assert verdict(edge, "tls/modern_protocols_offered").status is Status.PASS


def test_a_name_that_nobody_resolves_ends_with_the_deadline(tmp_path: Path) -> None:
    never = threading.Event()

    def names(_: str) -> tuple[Address, ...]:
        never.wait(10 * PATIENCE_S)
        return (ipaddress.ip_address("127.0.0.1"),)

    edge = TlsEdge(
        https="gate.clinic.test:443", http="", server_name=NAME, ca=tmp_path, names=names, patience_s=PATIENCE_S
    )
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(CannotLookError, match=r"has no address: no answer within 1 s"):
            edge.addresses()
    assert time.monotonic() - began < 2 * PATIENCE_S
    never.set()


def test_a_silent_plain_port_hides_nothing_of_the_secure_one(tmp_path: Path, context: ssl.SSLContext) -> None:
    """The redirect is unknown, the missing header fails."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with serving(_silent) as plain, serving(answering(answer, context)) as port:
        edge = TlsEdge(
            https=f"127.0.0.1:{port}",
            http=f"127.0.0.1:{plain}",
            server_name=NAME,
            ca=tmp_path,
            patience_s=PATIENCE_S,
        )
        seen = verdict(edge, "http/hsts_sent_and_plain_http_redirected")
    assert seen.status is Status.FAIL
    assert f"127.0.0.1:{plain} gave no answer to / for 1 s" in seen.explanation
