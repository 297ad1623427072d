"""The edge target tells a refusal from a silence, judges names as clients do, and reports headers as sent."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.model import CannotLookError
from checks.targets import EdgeAddress
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.edge.target import TlsEdge

NAME = "gate.clinic.test"


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers 429 to the first request for /limited, and two values of one header to everything."""

    limited = 1

    def do_GET(self) -> None:
        refused = self.path == "/limited" and type(self).limited > 0
        if refused:
            type(self).limited -= 1
        self.send_response(429 if refused else 200)
        self.send_header("X-Twice", "one")
        self.send_header("x-twice", "two")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class names it so
        del format, arguments


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)  # the base class asks DNS for its own name
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address  # refused handshakes are what is tested


def _only(https: str, ca: Path) -> EdgeAddress:
    """The address of an edge that has one."""
    (at,) = TlsEdge(https=https, http="", server_name=NAME, ca=ca).addresses()
    return at


@contextlib.contextmanager
def _edge(directory: Path, names: tuple[str, ...] = (NAME,), *, days: int = 30) -> Iterator[EdgeAddress]:
    authority = CertificateAuthority(directory / "ca")
    pair = authority.issue("leaf", directory, names=names, not_after=datetime.now(UTC) + timedelta(days=days))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield _only(f"127.0.0.1:{server.server_port}", authority.certificate)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("names", "matches"),
    [
        ((NAME,), True),
        ((NAME.upper(),), True),
        (("other.test", NAME), True),
        (("*.clinic.test",), True),
        (("*.test",), False),
        (("*.gate.clinic.test",), False),
        (("clinic.test",), False),
        (("10.0.0.1",), False),
    ],
)
def test_a_wildcard_stands_for_exactly_one_label(tmp_path: Path, names: tuple[str, ...], matches: bool) -> None:  # noqa: FBT001
    with _edge(tmp_path, names) as edge:
        (seen,) = edge.certificates()
    assert (seen.trusted, seen.matches_name) == (True, matches)


def test_an_expired_certificate_is_told_with_its_reason_and_still_lets_the_headers_be_read(tmp_path: Path) -> None:
    with _edge(tmp_path, days=-2) as edge:
        (seen,) = edge.certificates()
        reply = edge.get("/")
    assert (seen.trusted, seen.problem) == (False, "certificate has expired")
    assert -3 * 86_400 < seen.seconds_left < -86_400
    assert (reply.status, reply.headers["x-twice"]) == (200, "one, two")


def test_versions_are_offered_one_by_one(tmp_path: Path) -> None:
    with _edge(tmp_path) as edge:
        accepted = {v: edge.handshake(v).accepted for v in ("SSLv2", "SSLv3", "TLSv1.1", "TLSv1.2", "TLSv1.3")}
    assert accepted == {"SSLv2": False, "SSLv3": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": True}


def test_the_rate_limit_is_waited_out(tmp_path: Path) -> None:
    with _edge(tmp_path) as edge:
        assert edge.get("/limited").status == 200


def test_an_edge_that_is_down_has_refused_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = "{}:{}".format(*reserved.getsockname())
    edge = _only(address, tmp_path / "none")
    for look in (lambda: edge.handshake("TLSv1.1"), edge.certificates, lambda: edge.get("/")):
        with pytest.raises(CannotLookError, match="nothing answers"):
            look()


class _HangsUp(socketserver.BaseRequestHandler):
    """Closes every connection after the first words."""

    def handle(self) -> None:
        self.request.recv(4096)


class _Mute(socketserver.ThreadingTCPServer):
    request_queue_size = 128


def test_a_server_without_tls_has_refused_nothing(tmp_path: Path) -> None:
    with _Mute(("127.0.0.1", 0), _HangsUp) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        edge = _only(f"127.0.0.1:{server.server_address[1]}", tmp_path / "none")
        try:
            with pytest.raises(CannotLookError, match="no version of TLS at all"):
                edge.handshake("TLSv1.0")
        finally:
            server.shutdown()
            thread.join()


def test_a_version_nobody_knows_is_told(tmp_path: Path) -> None:
    edge = _only("127.0.0.1:9", tmp_path)
    with pytest.raises(CannotLookError, match="no way to offer TLSv9"):
        edge.handshake("TLSv9")
