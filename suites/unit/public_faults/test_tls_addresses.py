"""A name is resolved once, and what stands at each of its addresses is judged."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.lab import EdgeFlaws
from checks.model import CannotLookError, Status
from fixtures.addresses import Address, join_host_port, split_host_port, valid_url
from fixtures.deployment.target_file import TargetError, read_target
from fixtures.lab.builders import LabBuilder
from fixtures.lab.edge.certificates import issue, pem, root_authority, rsa_key, write_pair
from fixtures.targets.edge.target import TlsEdge
from suites.unit.public_faults.edges import (
    NAME,
    NEEDS_NGINX,
    answering,
    broken,
    lab,
    server_context,
    serving,
    verdict,
    written,
)

V4, V6 = ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
TARGET = '[edge]\nserver_name = "gate.clinic.test"\nhttps = "{}"\n'


def _has_version_6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


NEEDS_V6 = pytest.mark.skipif(not _has_version_6(), reason="this machine has no IPv6")


@pytest.fixture(scope="module")
def builder() -> Iterator[LabBuilder]:
    """A lab for all tests of this file."""
    with lab() as made:
        yield made


@NEEDS_NGINX
def test_the_second_of_two_addresses_is_judged_too(builder: LabBuilder) -> None:
    """3. TLS 1.1 and an expired certificate there fail, at that address and at no other."""
    second = EdgeFlaws(protocols="TLSv1.1 TLSv1.2 TLSv1.3", certificate="expired")
    edge = builder.build(EdgeFlaws(at_second_address=second))
    addresses = [at.address for at in edge.addresses()]
    for check in ("tls/legacy_protocols_refused", "tls/certificate_chain_and_name_valid"):
        seen = verdict(edge, check)
        assert seen.status is Status.FAIL
        assert {finding.subject.split()[1] for finding in seen.findings} == set(addresses)
        assert {finding.subject.split()[1] for finding in seen.broken} == {addresses[1]}


@NEEDS_V6
def test_both_addresses_of_a_dual_stack_name_are_scanned_and_asked(tmp_path: Path) -> None:
    """One service on IPv4, another on IPv6: neither is judged for the other."""
    root = root_authority()
    (tmp_path / "ca.crt").write_bytes(pem(root.certificate))
    contexts = {
        kind: server_context(write_pair(tmp_path, kind, *issue(kind, root, "127.0.0.1", NAME, rsa_key())))
        for kind in ("valid", "expired")
    }
    old, new = b"Server: old\r\n\r\nok", b"Server: new\r\n\r\nok"
    with (
        serving(answering(ANSWER[:-2] + old, contexts["valid"])) as port,
        serving(answering(ANSWER[:-2] + new, contexts["expired"]), "::1", port),
    ):
        looked_up: list[str] = []

        def names(host: str) -> tuple[Address, ...]:
            looked_up.append(host)
            return (V4, V6)

        edge = TlsEdge(https=f"{NAME}:{port}", http="", server_name=NAME, ca=tmp_path / "ca.crt", names=names)
        first, second = edge.addresses()
        assert (first.address, second.address) == (f"127.0.0.1:{port}", f"[::1]:{port}")
        assert [at.get("/").headers["server"] for at in (first, second)] == ["old", "new"]
        seen = verdict(edge, "tls/certificate_chain_and_name_valid")
        edge.plain_addresses()
    assert {finding.partition(" RSA")[0] for finding in broken(seen)} == {f"edge [::1]:{port}"}
    assert looked_up == [NAME]


@NEEDS_V6
def test_an_address_of_version_6_is_written_in_brackets(tmp_path: Path) -> None:
    edge = TlsEdge(https="[0:0::1]:9", http="", server_name=NAME, ca=tmp_path)
    assert [at.address for at in edge.addresses()] == ["[::1]:9"]
    assert [at.address for at in edge.plain_addresses()] == ["[::1]:80"]


def test_one_address_that_cannot_be_looked_at_hides_no_fault_of_another(tmp_path: Path) -> None:
    """FAIL outranks UNKNOWN, wherever in the order the silent one stands."""
    root = root_authority()
    (tmp_path / "ca.crt").write_bytes(pem(root.certificate))
    pair = write_pair(tmp_path, "edge", *issue("expired", root, "127.0.0.2", NAME, rsa_key()))
    with serving(answering(b"", server_context(pair)), "127.0.0.2") as port:
        both = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("127.0.0.2"))
        edge = TlsEdge(https=f"{NAME}:{port}", http="", server_name=NAME, ca=tmp_path / "ca.crt", names=lambda _: both)
        seen = verdict(edge, "tls/certificate_chain_and_name_valid")
    assert seen.status is Status.FAIL
    assert "nothing answers at 127.0.0.1" in seen.explanation


def test_a_name_without_an_address_is_told(tmp_path: Path) -> None:
    edge = TlsEdge(https="no-such-host.invalid:443", http="", server_name=NAME, ca=tmp_path)
    with pytest.raises(CannotLookError, match=r"no-such-host\.invalid has no address"):
        edge.addresses()


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1:8443", "gate.clinic.test:65535", "[::1]:1", "[2001:db8::7]:443"],
)
def test_a_target_file_takes_addresses_of_both_versions(tmp_path: Path, text: str) -> None:
    target = read_target(written(tmp_path, f'name = "x"\n{TARGET.format(text)}'))
    assert target.edge is not None
    assert (target.edge.https, target.edge.http) == (text, "")
    assert join_host_port(*split_host_port(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:73979",
        "gate:0",
        "gate:65536",
        "gate:99999",
        "::1:443",
        "[::1]",
        "[gate]:443",
        "[127.0.0.1]:443",
        "gate",
    ],
)
def test_a_target_file_refuses_what_is_no_host_and_port(tmp_path: Path, text: str) -> None:
    """73979 is no other way to write 8443."""
    with pytest.raises(TargetError, match=r"edge\.https: .* is not host:port"):
        read_target(written(tmp_path, f'name = "x"\n{TARGET.format(text)}'))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("https://gate.clinic.test", True),
        ("https://[::1]:8443/v1", True),
        ("http://127.0.0.1:65535", True),
        ("https://gate:73979", False),
        ("https://gate:0", False),
        ("https://[gate]:1", False),
        ("https://:443", False),
        ("ftp://gate", False),
        ("https://gate /x", False),
        ("http://127.0.0.1/a\r\nX-Evil: b", False),
    ],
)
def test_a_url_has_a_host_and_a_port_that_exists(text: str, holds: bool) -> None:  # noqa: FBT001
    if holds:
        assert valid_url(text) == text
    else:
        with pytest.raises(ValueError, match="not an http or https URL"):
            valid_url(text)
