"""An edge that speaks HTTPS only redirects nobody, and needs to; its pins are read as browsers read them."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from checks.model import Status
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.edge.target import TlsEdge
from suites.unit.public_faults.edges import NAME, answering, server_context, serving, verdict

CHECK = "http/hsts_sent_and_plain_http_redirected"
PIN = "max-age=31536000"


def _answer(*pins: str) -> bytes:
    lines = "".join(f"Strict-Transport-Security: {pin}\r\n" for pin in pins)
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode()


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port: int = reserved.getsockname()[1]
        return port


def _edge(directory: Path, port: int, http: str = "") -> TlsEdge:
    return TlsEdge(https=f"127.0.0.1:{port}", http=http, server_name=NAME, ca=directory / "ca" / "ca.crt")


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """Of a sound server."""
    return server_context(CertificateAuthority(tmp_path / "ca").issue("edge", tmp_path, names=(NAME,)))


def test_a_closed_port_80_holds_without_being_named(tmp_path: Path, context: ssl.SSLContext) -> None:
    """9. Loopback addresses of the lab's own have nothing on port 80."""
    with serving(answering(_answer(PIN), context), "127.93.0.80") as port:
        edge = TlsEdge(https=f"127.93.0.80:{port}", http="", server_name=NAME, ca=tmp_path / "ca" / "ca.crt")
        seen = verdict(edge, CHECK)
    assert seen.status is Status.PASS
    assert seen.findings[0].message == "nothing takes connections at 127.93.0.80:80: the edge speaks HTTPS only"


def test_a_closed_port_that_is_named_holds(tmp_path: Path, context: ssl.SSLContext) -> None:
    with serving(answering(_answer(PIN), context)) as port:
        assert verdict(_edge(tmp_path, port, f"127.0.0.1:{_closed_port()}"), CHECK).status is Status.PASS


def test_two_closed_ports_say_nothing(tmp_path: Path) -> None:
    """An edge that is down speaks neither."""
    seen = verdict(_edge(tmp_path, _closed_port(), f"127.0.0.1:{_closed_port()}"), CHECK)
    assert seen.status is Status.UNKNOWN
    assert "nor where HTTPS should be" in seen.explanation


@pytest.mark.parametrize(
    ("location", "status"),
    [
        (f"https://{NAME}/", Status.PASS),
        (f"https://{NAME}:8443/", Status.PASS),
        (f"https://{NAME.upper()}./", Status.PASS),
        (f"https://{NAME}?next=/", Status.PASS),
        (f"http://{NAME}/", Status.FAIL),
        (f"//{NAME}/", Status.FAIL),
        ("/", Status.FAIL),
        (f"https://{NAME}@evil.test/", Status.FAIL),
        (f"https://{NAME}:x@evil.test/", Status.FAIL),
        (f"https://{NAME}.evil.test/", Status.FAIL),
        ("https://[gate/", Status.FAIL),
    ],
)
def test_a_redirect_leads_to_https_of_the_same_name(
    tmp_path: Path, context: ssl.SSLContext, location: str, status: Status
) -> None:
    moved = f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(answering(moved)) as plain, serving(answering(_answer(PIN), context)) as port:
        assert verdict(_edge(tmp_path, port, f"127.0.0.1:{plain}"), CHECK).status is status


@pytest.mark.parametrize(
    ("pins", "status"),
    [
        ((PIN,), Status.PASS),
        (('Max-Age="31536000" ; includeSubDomains; preload; odd="x"',), Status.PASS),
        ((PIN, PIN), Status.PASS),
        ((PIN, "max-age=0"), Status.FAIL),
        ((f"{PIN}; max-age=0",), Status.FAIL),
        (("max-age=300",), Status.FAIL),
        (("includeSubDomains",), Status.FAIL),
        (("max-age=31536000x",), Status.FAIL),
        (("x-max-age=31536000",), Status.FAIL),
        ((), Status.FAIL),
    ],
)
def test_a_pin_is_read_by_its_grammar(
    tmp_path: Path, context: ssl.SSLContext, pins: tuple[str, ...], status: Status
) -> None:
    """RFC 6797: each directive once; of several headers browsers obey the first, so they must say the same."""
    with serving(answering(_answer(*pins), context)) as port:
        assert verdict(_edge(tmp_path, port, f"127.0.0.1:{_closed_port()}"), CHECK).status is status
