"""Every certificate that an edge can present is judged, for as long as its path lives, by names of the right type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from checks.lab import EdgeFlaws, ScriptedEdgeFlaws
from checks.model import Status
from fixtures.lab.builders import LabBuilder
from fixtures.lab.edge.certificates import (
    elliptic_key,
    intermediate,
    leaf,
    names,
    pem,
    root_authority,
    write_pair,
)
from fixtures.targets.edge.certificates import Trust, judge
from fixtures.targets.edge.target import TlsEdge
from suites.unit.public_faults.edges import NAME, NEEDS_NGINX, answering, broken, lab, server_context, serving, verdict

CHECK = "tls/certificate_chain_and_name_valid"
DAY_S = 86_400


@pytest.fixture(scope="module")
def builder() -> Iterator[LabBuilder]:
    """A lab for all tests of this file."""
    with lab() as made:
        yield made


@NEEDS_NGINX
@pytest.mark.parametrize("kind", ["expired", "wrong-name"])
def test_a_bad_rsa_certificate_beside_a_good_ecdsa_one_fails(builder: LabBuilder, kind: str) -> None:
    """1. One of many certificates: nginx shows each to the clients that ask for its kind of signature."""
    seen = verdict(builder.build(EdgeFlaws(rsa_certificate=kind)), CHECK)  # type: ignore[arg-type]  # a Literal
    assert seen.status is Status.FAIL
    assert all(" RSA certificate " in finding for finding in broken(seen))
    kinds = {finding.subject.split()[2] for finding in seen.findings}
    assert kinds == {"RSA", "ECDSA"}


@NEEDS_NGINX
def test_both_certificates_are_seen_in_both_versions(builder: LabBuilder) -> None:
    """Clients of TLS 1.3 choose by signature algorithm, where suites say nothing of it any more."""
    (at,) = builder.build(EdgeFlaws(rsa_certificate="valid")).addresses()
    seen = {certificate.path[0].key: certificate.versions for certificate in at.certificates()}
    assert {key: set(versions) for key, versions in seen.items()} == {
        "RSA": {"TLSv1.2", "TLSv1.3"},
        "ECDSA": {"TLSv1.2", "TLSv1.3"},
    }


@NEEDS_NGINX
def test_a_path_lives_as_long_as_its_intermediate(builder: LabBuilder) -> None:
    """2. The leaf has a year, its intermediate a day."""
    edge = builder.build(EdgeFlaws(certificate="expiring-issuer"))
    (certificate,) = edge.addresses()[0].certificates()
    assert 0.9 * DAY_S < certificate.seconds_left < DAY_S
    assert certificate.ends_first == "CN=clinical-gate lab intermediate"
    seen = verdict(edge, CHECK)
    assert seen.status is Status.FAIL
    assert ["time left" in finding for finding in broken(seen)] == [True]


@pytest.mark.parametrize("expired_first", [True, False])
def test_an_alternate_valid_path_is_no_fault(tmp_path: Path, *, expired_first: bool) -> None:
    """Two intermediates of one name and key, as after a cross-signing that has ended: what counts is the valid path."""
    root, key, own = root_authority(), elliptic_key(), elliptic_key()
    good = intermediate(root, "shared intermediate", days=100, key=key)
    ended = intermediate(root, "shared intermediate", days=-1, key=key)
    others = [ended.certificate, good.certificate] if expired_first else [good.certificate, ended.certificate]
    chain = [leaf(good, names(NAME), own, days=90), *others]
    pair = write_pair(tmp_path, "edge", chain, own)
    (tmp_path / "ca.crt").write_bytes(pem(root.certificate))
    with serving(answering(b"", server_context(pair))) as port:
        edge = TlsEdge(https=f"127.0.0.1:{port}", http="", server_name=NAME, ca=tmp_path / "ca.crt")
        seen = verdict(edge, CHECK)
    assert (seen.status, broken(seen)) == (Status.PASS, [])


@pytest.mark.parametrize("soon_first", [True, False])
def test_a_path_in_use_ends_when_no_other_is_left(*, soon_first: bool) -> None:
    """The better of two intermediates keeps the leaf in use, in whatever order they are sent."""
    root, key, own = root_authority(), elliptic_key(), elliptic_key()
    long = intermediate(root, "shared intermediate", days=60, key=key)
    soon = intermediate(root, "shared intermediate", days=1, key=key)
    others = [soon.certificate, long.certificate] if soon_first else [long.certificate, soon.certificate]
    chain = [pem(c).decode() for c in (leaf(long, names(NAME), own, days=90), *others)]
    seen = judge(chain, Trust((root.certificate,)), NAME, ("TLSv1.3",))
    assert seen.trusted
    assert 59 * DAY_S < seen.seconds_left < 61 * DAY_S


def test_an_expired_intermediate_without_another_is_a_broken_path() -> None:
    root, own = root_authority(), elliptic_key()
    ended = intermediate(root, "ended", days=-1)
    chain = [pem(c).decode() for c in (leaf(ended, names(NAME), own, days=90), ended.certificate)]
    seen = judge(chain, Trust((root.certificate,)), NAME, ("TLSv1.3",))
    assert (seen.problem, seen.ends_first) == ("certificate has expired", "CN=ended")
    assert seen.seconds_left < 0


@pytest.mark.parametrize(
    ("presented", "wanted", "matches"),
    [
        (x509.DNSName("127.0.0.42"), "127.0.0.42", False),
        (names("127.0.0.42")[0], "127.0.0.42", True),
        (names("::1")[0], "0:0:0:0:0:0:0:1", True),
        (names("::1")[0], "::2", False),
        (names("127.0.0.42")[0], "gate.clinic.test", False),
        (x509.DNSName("*.0.0.42"), "127.0.0.42", False),
        (x509.DNSName("GATE.clinic.test"), "gate.clinic.TEST.", True),
        (x509.DNSName("*.clinic.test"), "gate.clinic.test", True),
        (x509.DNSName("*.clinic.test"), "a.gate.clinic.test", False),
        (x509.DNSName("*.clinic.test"), "clinic.test", False),
        (x509.DNSName("g*.clinic.test"), "gate.clinic.test", False),
        (x509.RFC822Name("gate@clinic.test"), "clinic.test", False),
        (x509.UniformResourceIdentifier("https://gate.clinic.test:1/"), "gate.clinic.test", False),
    ],
)
def test_names_are_compared_by_type(presented: x509.GeneralName, wanted: str, matches: bool) -> None:  # noqa: FBT001
    """5. An address is named by an iPAddress, in whatever spelling, and a host by a dNSName."""
    root, own = root_authority(), elliptic_key()
    chain = [pem(leaf(root, [presented], own)).decode()]
    assert judge(chain, Trust((root.certificate,)), wanted, ("TLSv1.3",)).matches_name is matches


@NEEDS_NGINX
def test_an_edge_whose_address_stands_as_a_dns_name_fails(builder: LabBuilder) -> None:
    seen = verdict(builder.build(EdgeFlaws(certificate="address-as-dns-name")), CHECK)
    assert seen.status is Status.FAIL
    assert [finding.subject.rpartition(" ")[2] for finding in seen.broken] == ["name"]


@pytest.mark.parametrize("newest", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize(("kind", "status"), [("valid", Status.PASS), ("expired", Status.FAIL)])
def test_an_edge_that_wants_client_certificates_shows_its_own_first(
    builder: LabBuilder, newest: str, kind: str, status: Status
) -> None:
    """6. The handshake fails without one, but the server's certificate has been sent by then."""
    flaws = ScriptedEdgeFlaws(client_certificate=True, newest=newest, certificate=kind)  # type: ignore[arg-type]  # Literals
    edge = builder.build(flaws)
    (at,) = edge.addresses()
    assert verdict(edge, CHECK).status is status
    assert [at.handshake(version).accepted for version in ("TLSv1.1", "TLSv1.2", newest)] == [False, True, True]
    assert at.handshake("TLSv1.2").ciphers == ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")


def test_a_certificate_for_clients_only_is_not_trusted() -> None:
    """A path is validated for its purpose, as clients do."""
    root, own = root_authority(), elliptic_key()
    signed = leaf(root, names(NAME), own, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH])
    seen = judge([pem(signed).decode()], Trust((root.certificate,)), NAME, ("TLSv1.3",))
    assert seen.problem == "CN=edge is not for servers (extended key usage)"
