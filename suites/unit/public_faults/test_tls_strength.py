"""A suite is as strong as the key that is exchanged for it, whatever its name says (NIST SP 800-52r2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checks.lab import EdgeFlaws, ScriptedEdgeFlaws
from checks.model import Status
from fixtures.lab.builders import LabBuilder
from suites.unit.public_faults.edges import NEEDS_NGINX, broken, lab, verdict

CHECK = "tls/weak_ciphers_refused"


@pytest.fixture(scope="module")
def builder() -> Iterator[LabBuilder]:
    """A lab for all tests of this file."""
    with lab() as made:
        yield made


@NEEDS_NGINX
@pytest.mark.parametrize(("bits", "status"), [(1024, Status.FAIL), (2048, Status.PASS)])
def test_a_diffie_hellman_group_below_2048_bits_fails(builder: LabBuilder, bits: int, status: Status) -> None:
    """4. Each DHE suite is sound by its name."""
    edge = builder.build(EdgeFlaws(protocols="TLSv1.2", rsa_certificate="valid", dh_bits=bits))  # type: ignore[arg-type]
    seen = verdict(edge, CHECK)
    assert seen.status is status
    exchange = next(finding for finding in seen.findings if finding.subject.endswith("TLSv1.2 key exchange"))
    assert (exchange.ok, f"DH {bits} bits" in exchange.message) == (status is Status.PASS, True)


@NEEDS_NGINX
@pytest.mark.parametrize("rsa", [True, False])
def test_a_curve_below_224_bits_fails(builder: LabBuilder, *, rsa: bool) -> None:
    """Though the server prefers a strong one, and though its own key lies on a strong one."""
    flaws = EdgeFlaws(curves="X25519:prime192v1:prime256v1", rsa_certificate="valid" if rsa else None)
    seen = verdict(builder.build(flaws), CHECK)
    assert seen.status is Status.FAIL
    assert [finding.partition("TLS")[2] for finding in broken(seen)] == [
        "v1.2 key exchange: takes part in ECDH secp192r1"
    ]


@NEEDS_NGINX
def test_every_curve_and_suite_of_the_reference_edge_is_seen(builder: LabBuilder) -> None:
    """What a server does is found by leaving out what it chose before: nothing may be missed by that."""
    (at,) = builder.build(EdgeFlaws(rsa_certificate="valid")).addresses()
    seen = {version: at.handshake(version) for version in ("TLSv1.2", "TLSv1.3")}
    suites = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    assert set(seen["TLSv1.2"].ciphers) == {f"ECDHE-{kind}-{suite}" for kind in ("RSA", "ECDSA") for suite in suites}
    assert len(seen["TLSv1.3"].ciphers) == 3
    for handshake in seen.values():
        assert {e.group for e in handshake.key_exchanges} == {"X25519", "secp256r1", "secp384r1"}


def test_a_short_rsa_key_of_the_certificate_fails(builder: LabBuilder) -> None:
    """The same kind: 1024 bits of the server's own key."""
    edge = builder.build(ScriptedEdgeFlaws(certificate="short-key"))
    seen = verdict(edge, "tls/certificate_chain_and_name_valid")
    assert seen.status is Status.FAIL
    assert [finding.partition("keys: ")[2] for finding in broken(seen)] == ["CN=edge has RSA of 1024 bits, below 2048"]
