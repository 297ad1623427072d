"""Every certificate of the edge is trusted, sound, in force and names it (45 CFR 164.312(d); RFC 5280 and RFC 9525).

A server chooses what it presents by the client's version and signature algorithms, and a name may stand for several
addresses: one good certificate says nothing of the others. A path lives as long as the first of its certificates to
end (NIST SP 800-52r2 section 3.2.1 for keys and signatures).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import EdgeFlaws, Lab, ScriptedEdgeFlaws
from checks.looking import every
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy, TlsPolicy
from checks.targets import Certificate, Edge, EdgeAddress

_PRIME_KEYS = ("RSA", "DSA")


def _edge_with_self_signed_certificate(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="self-signed"))


def _edge_with_expired_certificate(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="expired"))


def _edge_with_certificate_of_another(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="wrong-name"))


def _edge_with_certificate_that_ends_tomorrow(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="expiring"))


def _edge_with_intermediate_that_ends_tomorrow(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="expiring-issuer"))


def _edge_with_expired_rsa_certificate_beside_a_good_one(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(rsa_certificate="expired"))


def _edge_with_rsa_certificate_of_another_beside_a_good_one(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(rsa_certificate="wrong-name"))


def _edge_with_a_short_rsa_key(lab: Lab) -> Edge:
    return lab.build(ScriptedEdgeFlaws(certificate="short-key"))


def _edge_with_expired_certificate_at_its_second_address(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(at_second_address=EdgeFlaws(certificate="expired")))


def _edge_whose_address_stands_as_a_dns_name(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="address-as-dns-name"))


def _edge_that_asks_for_client_certificates_with_expired_certificate(lab: Lab) -> Edge:
    return lab.build(ScriptedEdgeFlaws(client_certificate=True, certificate="expired"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(d)", "hipaa:164.312(e)(1)"),
    violations=(
        _edge_with_self_signed_certificate,
        _edge_with_expired_certificate,
        _edge_with_certificate_of_another,
        _edge_with_certificate_that_ends_tomorrow,
        _edge_with_intermediate_that_ends_tomorrow,
        _edge_with_expired_rsa_certificate_beside_a_good_one,
        _edge_with_rsa_certificate_of_another_beside_a_good_one,
        _edge_with_a_short_rsa_key,
        _edge_with_expired_certificate_at_its_second_address,
        _edge_whose_address_stands_as_a_dns_name,
        _edge_that_asks_for_client_certificates_with_expired_certificate,
    ),
)
def certificate_chain_and_name_valid(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """Path, keys, name and time left of each certificate at each address, each a finding of its own."""
    yield from every(partial(_at, edge.server_name, policy.tls, at) for at in edge.addresses())


def _at(server_name: str, policy: TlsPolicy, at: EdgeAddress) -> Iterator[Finding]:
    certificates = at.certificates()
    kinds = [seen.path[0].key for seen in certificates]
    for seen, kind in zip(certificates, kinds, strict=True):
        which = "" if kinds.count(kind) == 1 else f" {seen.fingerprint[:8]}"
        yield from _judged(f"edge {at.address} {kind} certificate{which}", server_name, policy, seen)


def _judged(subject: str, server_name: str, policy: TlsPolicy, seen: Certificate) -> Iterator[Finding]:
    yield Finding(
        subject=f"{subject} path",
        ok=seen.trusted,
        message="chains to the declared authority" if seen.trusted else f"is not trusted: {seen.problem}",
        remedy="serve a certificate in force that the deployment's authority issued, with its intermediates",
        evidence=f"{' <- '.join(c.subject for c in seen.path)}; presented in {', '.join(seen.versions)}",
    )
    weak = list(_weak(seen, policy))
    yield Finding(
        subject=f"{subject} keys",
        ok=not weak,
        message="; ".join(weak) or ", ".join(f"{c.key} {c.key_bits} bits" for c in seen.path),
        remedy=f"issue with RSA of at least {policy.prime_bits} bits or a curve of {policy.curve_bits}, and SHA-256",
    )
    yield Finding(
        subject=f"{subject} name",
        ok=seen.matches_name,
        message=f"{'names' if seen.matches_name else 'does not name'} {server_name}",
        remedy=f"issue the certificate with {server_name} as subject alternative name (an address as iPAddress)",
        evidence=f"subject alternative names: {', '.join(seen.names) or 'none'}",
    )
    days = seen.seconds_left / 86_400
    yield Finding(
        subject=f"{subject} time left",
        ok=days > policy.certificate_days_left,
        message=f"{seen.ends_first} ends {seen.ends:%Y-%m-%d %H:%M} UTC, {days:.1f} days from now",
        remedy=f"renew it more than {policy.certificate_days_left} days before its end",
    )


def _weak(seen: Certificate, policy: TlsPolicy) -> Iterator[str]:
    for place, certificate in enumerate(seen.path):
        least = policy.prime_bits if certificate.key in _PRIME_KEYS else policy.curve_bits
        if certificate.key_bits < least:
            yield f"{certificate.subject} has {certificate.key} of {certificate.key_bits} bits, below {least}"
        # The anchor is trusted as it stands: nobody relies on its signature of itself.
        if certificate.signature_hash in policy.refused_hashes and (place == 0 or place < len(seen.path) - 1):
            yield f"{certificate.subject} is signed with {certificate.signature_hash}"
