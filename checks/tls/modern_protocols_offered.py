"""The edge offers TLS 1.2 and TLS 1.3 (NIST SP 800-52r2 section 3.1, which demands TLS 1.3 since 2024)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import EdgeFlaws, Lab
from checks.looking import every
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Edge, EdgeAddress


def _edge_without_tls13(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(protocols="TLSv1.2"))


def _edge_without_tls12(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(protocols="TLSv1.3"))


def _edge_without_tls13_at_its_second_address(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(at_second_address=EdgeFlaws(protocols="TLSv1.2")))


@check(
    gate=Gate.SECURITY,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(e)(2)(ii)"),
    violations=(_edge_without_tls13, _edge_without_tls12, _edge_without_tls13_at_its_second_address),
)
def modern_protocols_offered(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """A handshake succeeds in each version that the policy requires, at each address."""
    yield from every(
        partial(_offered, at, version) for at in edge.addresses() for version in policy.tls.required_versions
    )


def _offered(at: EdgeAddress, version: str) -> Iterator[Finding]:
    seen = at.handshake(version)
    yield Finding(
        subject=f"edge {at.address} {version}",
        ok=seen.accepted,
        message=f"offers it, with {', '.join(seen.ciphers)}" if seen.accepted else "refuses the handshake",
        remedy=f"add {version} to the server's protocols (nginx: ssl_protocols TLSv1.2 TLSv1.3)",
    )
