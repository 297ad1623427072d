"""Where a body ends: with its length, with its last chunk, or, having neither, with the connection (RFC 9112, 6.3)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.application import Request
from checks.model import CannotLookError
from fixtures.application.connections import Connections, HttpEndpoint
from fixtures.services.https import ask
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.edge.http_get import NoAnswerError, get
from fixtures.targets.edge.place import Deadline
from loadtests.users.http_answer import RequestError
from loadtests.users.http_client import Endpoint, HttpClient, trust
from suites.unit.public_faults.edges import Talk, answering, server_context, serving

pytestmark = pytest.mark.unit

CLOSE_DELIMITED = [
    b"HTTP/1.1 200 OK\r\nServer: it\r\n\r\nwhole",
    b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nwhole",
    b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nwhole",
]
CUT_OFF = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwhole",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n",
    b"HTTP/1.1 200 OK\r\nServer: it\r\n",
]


def _loaded(port: int, tls: ssl.SSLContext | None = None) -> bytes:
    """The body, as the load generator's client has it."""
    client = HttpClient(Endpoint("127.0.0.1", port, "127.0.0.1", tls), source="", timeout_s=5)
    try:
        bodies = [client.request("GET", "/").body for _ in range(2)]
        assert bodies[0] == bodies[1]
        return bodies[0]
    finally:
        client.close()


def _exchanged(port: int) -> bytes:
    return Connections(HttpEndpoint(f"http://127.0.0.1:{port}")).exchange(Request("GET", "/"), {}).body


def _got(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as wire:
        return get(wire, "gate.clinic.test", "/", Deadline(5)).body


EVERY_CLIENT = pytest.mark.parametrize("read", [_loaded, _exchanged, _got], ids=["load", "application", "edge"])


@EVERY_CLIENT
@pytest.mark.parametrize("answer", CLOSE_DELIMITED, ids=["1.1", "1.0", "behind hints"])
def test_a_body_without_a_length_ends_with_the_connection(read: Callable[[int], bytes], answer: bytes) -> None:
    """16. It is a success."""
    with serving(answering(answer)) as port:
        assert read(port) == b"whole"


@EVERY_CLIENT
@pytest.mark.parametrize("answer", CUT_OFF, ids=["length", "chunk", "head"])
def test_a_body_that_is_cut_off_is_no_answer(read: Callable[[int], bytes], answer: bytes) -> None:
    """16. A length or chunks say that more was to come."""
    with serving(answering(answer)) as port, pytest.raises((RequestError, CannotLookError, NoAnswerError)):
        read(port)


def test_the_services_probe_reads_bodies_likewise(tmp_path: Path) -> None:
    """It speaks TLS only."""
    authority = CertificateAuthority(tmp_path / "ca")
    context = server_context(authority.issue("edge", tmp_path, names=("127.0.0.1",)))
    for answer in CLOSE_DELIMITED:
        with serving(answering(answer, context)) as port:
            assert ask("127.0.0.1", port, "/", ca=authority.certificate).body == b"whole"
    for answer in CUT_OFF:
        with serving(answering(answer, context)) as port, pytest.raises(OSError, match="IncompleteRead"):
            ask("127.0.0.1", port, "/", ca=authority.certificate)


@pytest.mark.parametrize(("alert", "body"), [(True, b"whole"), (False, b"")])
def test_in_tls_the_end_is_a_closure_alert(alert: bool, body: bytes, tmp_path: Path) -> None:  # noqa: FBT001
    """16. Without one, anybody on the way may have cut the body (RFC 9112, 9.8)."""
    authority = CertificateAuthority(tmp_path / "ca")
    context = server_context(authority.issue("edge", tmp_path, names=("127.0.0.1",)))
    trusting = trust(str(authority.certificate))
    with serving(_closing(CLOSE_DELIMITED[0], context, alert=alert)) as port:
        if body:
            assert _loaded(port, trusting) == body
        else:
            with pytest.raises(RequestError, match="connection lost"):
                _loaded(port, trusting)


def _closing(answer: bytes, context: ssl.SSLContext, *, alert: bool) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as wire:
            wire.recv(65_536)
            wire.sendall(answer)
            if alert:
                wire.unwrap()

    return talk
