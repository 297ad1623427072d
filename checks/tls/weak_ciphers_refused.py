"""Every cipher suite that the edge accepts is sound (45 CFR 164.312(e)(2)(ii); NIST SP 800-52r2 section 3.3.1).

Sound is authenticated encryption with forward secrecy, from a server that proves who it is.

A configuration cannot be read for this: OpenSSL drops names that it does not know and says nothing as long as one is
left, so what counts is what a handshake gets.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import EdgeFlaws, Lab, LegacyEdgeFlaws
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Edge

_VERSIONS = ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0", "SSLv3", "SSLv2")
_AUTHENTICATED = ("GCM", "CCM", "CHACHA20")
_FORWARD_SECRET = ("TLS_", "ECDHE-", "DHE-")


def _edge_with_a_cbc_suite(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(protocols="TLSv1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA"))


def _edge_without_server_authentication(lab: Lab) -> Edge:
    return lab.build(
        EdgeFlaws(protocols="TLSv1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256:AECDH-AES256-SHA:@SECLEVEL=0")
    )


def _edge_with_rc4_and_3des(lab: Lab) -> Edge:
    return lab.build(LegacyEdgeFlaws(version="TLSv1.0"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(e)(2)(ii)", "hipaa:164.312(e)(1)"),
    violations=(_edge_with_a_cbc_suite, _edge_without_server_authentication, _edge_with_rc4_and_3des),
)
def weak_ciphers_refused(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """One finding per version that is open, with every weak suite in it."""
    offered = [seen for seen in map(edge.handshake, _VERSIONS) if seen.accepted]
    if not offered:
        msg = f"{edge.address} accepts no protocol version, so it has no cipher suites to judge"
        raise CannotLookError(msg)
    for seen in offered:
        faults = {name: fault for name in seen.ciphers if (fault := _fault(name, policy.tls.refused_cipher_parts))}
        yield Finding(
            subject=f"edge {edge.address} {seen.version} ciphers",
            ok=not faults,
            message="; ".join(f"{n} {fault}" for n, fault in faults.items()) or f"{len(seen.ciphers)} sound suites",
            remedy="leave only ECDHE suites with AES-GCM or ChaCha20-Poly1305 in the cipher list (nginx: ssl_ciphers)",
            evidence=" ".join(seen.ciphers),
        )


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
