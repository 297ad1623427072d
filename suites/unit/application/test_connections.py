"""Connections reach an address under another name, from an address of their own, and verify whom they reach."""

from __future__ import annotations

import ssl
from itertools import islice
from pathlib import Path

import pytest

from checks.application import Request
from checks.model import CannotLookError
from fixtures.application.connections import Connections, HttpEndpoint, sources
from fixtures.stack.certificates import CertificateAuthority
from suites.unit.application.clinic import Answer, clinic

NAME = "clinic.test"
PAGE = Request("GET", "/page")


def _tls(authority: CertificateAuthority, directory: Path) -> ssl.SSLContext:
    pair = authority.issue("leaf", directory, names=(NAME,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def test_the_server_is_called_by_its_name(tmp_path: Path) -> None:
    """In SNI, certificate and Host, though it is reached by its address, which the certificate does not name."""
    authority = CertificateAuthority(tmp_path / "ca")
    with clinic(lambda _: Answer(), _tls(authority, tmp_path)) as server:
        named = Connections(HttpEndpoint(server.base_url, NAME, authority.certificate))
        assert named.exchange(PAGE, {}).status == 200
        for name in ("", "other.test"):
            with pytest.raises(CannotLookError, match="SSLError"):
                Connections(HttpEndpoint(server.base_url, name, authority.certificate)).exchange(PAGE, {})
        stranger = CertificateAuthority(tmp_path / "other").certificate
        with pytest.raises(CannotLookError, match="SSLError"):
            Connections(HttpEndpoint(server.base_url, NAME, stranger)).exchange(PAGE, {})
    assert [asked.headers["host"] for asked in server.asked] == [f"{NAME}:{server.base_url.rpartition(':')[2]}"]


def test_the_client_certificate_is_shown_where_it_is_meant_to(tmp_path: Path) -> None:
    """And to nobody else."""
    authority = CertificateAuthority(tmp_path / "ca")
    member = authority.issue("member", tmp_path)
    with clinic(lambda _: Answer(), _tls(authority, tmp_path)) as server:
        connections = Connections(HttpEndpoint(server.base_url, NAME, authority.certificate, member))
        for shown in (True, False):
            connections.exchange(PAGE, {}, member=shown)
    assert [asked.certificate for asked in server.asked] == [True, False]


def test_each_source_address_has_connections_of_its_own() -> None:
    """Which are used again."""
    with clinic(lambda _: Answer()) as server:
        connections = Connections(HttpEndpoint(server.base_url))
        for source in ("127.0.0.2", "127.0.0.3", "127.0.0.2", ""):
            connections.exchange(PAGE, {}, source=source)
    assert [asked.source for asked in server.asked] == ["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.1"]


def test_headers_and_bodies_go_as_they_are_described() -> None:
    """Below the base URL's own path; lines of one header come back joined, cookies one by line."""
    twice = (("X-Twice", "one"), ("x-twice", "two"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    with clinic(lambda _: Answer(201, headers=twice)) as server:
        connections = Connections(HttpEndpoint(f"{server.base_url}/fhir/"))
        reply = connections.exchange(Request("POST", "/Patient", json={"a": 1}), {"X-Key": "k"})
        connections.exchange(PAGE, {})
    assert (reply.status, reply.headers["x-twice"], reply.headers["set-cookie"]) == (201, "one, two", "a=1\nb=2")
    posted, got = server.asked
    assert (posted.path, posted.body, posted.headers["content-type"]) == (
        "/fhir/Patient",
        b'{"a": 1}',
        "application/json",
    )
    assert posted.headers["x-key"] == "k"
    assert (got.path, got.body) == ("/fhir/page", b"")
    assert not {"content-type", "content-length"} & set(got.headers)


def test_addresses_come_in_turn_and_never_end() -> None:
    """Each of a network once before one comes again; without a network the system chooses."""
    drawn = list(islice(sources("10.1.2.0/29"), 12))
    assert sorted(drawn[:6]) == [f"10.1.2.{number}" for number in range(1, 7)]
    assert drawn[6:] == drawn[:6]
    assert list(islice(sources(""), 3)) == ["", "", ""]
