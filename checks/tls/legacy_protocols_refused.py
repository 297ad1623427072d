"""The edge refuses every protocol older than TLS 1.2 (45 CFR 164.312(e)(1); NIST SP 800-52r2 section 3.1).

Each version is offered on its own, at each address: a modern client that negotiates TLS 1.3 says nothing about what
else is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import EdgeFlaws, Lab, LegacyEdgeFlaws
from checks.looking import every
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Edge, EdgeAddress


def _edge_offering_tls11(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(protocols="TLSv1.1 TLSv1.2"))


def _edge_offering_tls10(lab: Lab) -> Edge:
    return lab.build(LegacyEdgeFlaws(version="TLSv1.0"))


def _edge_offering_ssl3(lab: Lab) -> Edge:
    return lab.build(LegacyEdgeFlaws(version="SSLv3"))


def _edge_offering_tls11_at_its_second_address(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(at_second_address=EdgeFlaws(protocols="TLSv1.1 TLSv1.2 TLSv1.3")))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(e)(1)",),
    violations=(
        _edge_offering_tls11,
        _edge_offering_tls10,
        _edge_offering_ssl3,
        _edge_offering_tls11_at_its_second_address,
    ),
)
def legacy_protocols_refused(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """No handshake succeeds in a version that the policy refuses."""
    yield from every(
        partial(_refused, at, version) for at in edge.addresses() for version in policy.tls.refused_versions
    )


def _refused(at: EdgeAddress, version: str) -> Iterator[Finding]:
    seen = at.handshake(version)
    yield Finding(
        subject=f"edge {at.address} {version}",
        ok=not seen.accepted,
        message=f"accepts it, with {', '.join(seen.ciphers)}" if seen.accepted else "refuses the handshake",
        remedy=f"take {version} out of the server's protocols (nginx: ssl_protocols TLSv1.2 TLSv1.3)",
    )
