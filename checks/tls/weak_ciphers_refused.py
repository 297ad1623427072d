"""Every cipher suite that the edge accepts is sound (45 CFR 164.312(e)(2)(ii); NIST SP 800-52r2 section 3.3.1).

Sound is authenticated encryption with forward secrecy, from a server that proves who it is. A suite is as strong as the
key that is exchanged for it, whatever its name says: every group and curve that the edge takes part with counts.

A configuration cannot be read for this: OpenSSL drops names that it does not know and says nothing as long as one is
left, so what counts is what a handshake gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import EdgeFlaws, Lab, LegacyEdgeFlaws
from checks.looking import every
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy, TlsPolicy
from checks.targets import Edge, EdgeAddress, KeyExchange

_VERSIONS = ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0", "SSLv3", "SSLv2")
_AUTHENTICATED = ("GCM", "CCM", "CHACHA20")
_FORWARD_SECRET = ("TLS_", "ECDHE-", "DHE-")
_CBC = EdgeFlaws(protocols="TLSv1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA")


def _edge_with_a_cbc_suite(lab: Lab) -> Edge:
    return lab.build(_CBC)


def _edge_without_server_authentication(lab: Lab) -> Edge:
    return lab.build(
        EdgeFlaws(protocols="TLSv1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256:AECDH-AES256-SHA:@SECLEVEL=0")
    )


def _edge_with_rc4_and_3des(lab: Lab) -> Edge:
    return lab.build(LegacyEdgeFlaws(version="TLSv1.0"))


def _edge_with_a_1024_bit_group(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(protocols="TLSv1.2", rsa_certificate="valid", dh_bits=1024))


def _edge_with_a_192_bit_curve(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(curves="X25519:prime192v1:prime256v1", rsa_certificate="valid"))


def _edge_with_a_cbc_suite_at_its_second_address(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(at_second_address=_CBC))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(e)(2)(ii)", "hipaa:164.312(e)(1)"),
    violations=(
        _edge_with_a_cbc_suite,
        _edge_without_server_authentication,
        _edge_with_rc4_and_3des,
        _edge_with_a_1024_bit_group,
        _edge_with_a_192_bit_curve,
        _edge_with_a_cbc_suite_at_its_second_address,
    ),
)
def weak_ciphers_refused(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """Per address and version that is open: one finding on its suites, and one on what keys are exchanged with."""
    yield from every(partial(_sound, policy.tls, at, version) for at in edge.addresses() for version in _VERSIONS)


def _sound(policy: TlsPolicy, at: EdgeAddress, version: str) -> Iterator[Finding]:
    seen = at.handshake(version)
    if not seen.accepted:
        return
    faults = {name: fault for name in seen.ciphers if (fault := _fault(name, policy.refused_cipher_parts))}
    yield Finding(
        subject=f"edge {at.address} {version} ciphers",
        ok=not faults,
        message="; ".join(f"{n} {fault}" for n, fault in faults.items()) or f"{len(seen.ciphers)} sound suites",
        remedy="leave only ECDHE suites with AES-GCM or ChaCha20-Poly1305 in the cipher list (nginx: ssl_ciphers)",
        evidence=" ".join(seen.ciphers),
    )
    if seen.key_exchanges:
        weak = [_named(exchange) for exchange in seen.key_exchanges if exchange.bits < _least(exchange, policy)]
        all_of_them = ", ".join(map(_named, seen.key_exchanges))
        yield Finding(
            subject=f"edge {at.address} {version} key exchange",
            ok=not weak,
            message=f"takes part in {', '.join(weak)}" if weak else all_of_them,
            remedy=f"leave only curves of at least {policy.curve_bits} bits (nginx: ssl_ecdh_curve), "
            f"and primes of at least {policy.prime_bits} (nginx: ssl_dhparam)",
            evidence=all_of_them,
        )


def _named(exchange: KeyExchange) -> str:
    return f"{exchange.kind} {exchange.group}"


def _least(exchange: KeyExchange, policy: TlsPolicy) -> int:
    return policy.prime_bits if exchange.kind == "DH" else policy.curve_bits


def _fault(name: str, refused: tuple[str, ...]) -> str:
    """What is wrong with a suite, by its OpenSSL name; empty when nothing is."""
    part = next((part for part in refused if part in name), "")
    if part:
        return f"uses {part}"
    # OpenSSL's names leave the block mode out: ECDHE-RSA-AES128-SHA is CBC.
    if "CBC" in refused and not any(mode in name for mode in _AUTHENTICATED):
        return "encrypts without authentication (CBC or a stream cipher)"
    if not name.startswith(_FORWARD_SECRET):
        return "has no forward secrecy"
    return ""
