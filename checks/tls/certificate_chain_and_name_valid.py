"""The edge's certificate is trusted, in force and names the edge (45 CFR 164.312(d); RFC 5280 and 9525 section 6)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import EdgeFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Edge


def _edge_with_self_signed_certificate(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="self-signed"))


def _edge_with_expired_certificate(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="expired"))


def _edge_with_certificate_of_another(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="wrong-name"))


def _edge_with_certificate_that_ends_tomorrow(lab: Lab) -> Edge:
    return lab.build(EdgeFlaws(certificate="expiring"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(d)", "hipaa:164.312(e)(1)"),
    violations=(
        _edge_with_self_signed_certificate,
        _edge_with_expired_certificate,
        _edge_with_certificate_of_another,
        _edge_with_certificate_that_ends_tomorrow,
    ),
)
def certificate_chain_and_name_valid(edge: Edge, policy: Policy) -> Iterator[Finding]:
    """Path, name and time left, each a finding of its own."""
    seen = edge.certificate()
    subject = f"edge {edge.address} certificate"
    yield Finding(
        subject=f"{subject} path",
        ok=seen.trusted,
        message="chains to the declared authority" if seen.trusted else f"is not trusted: {seen.problem}",
        remedy="serve a certificate in force that the deployment's authority issued, with its intermediates",
        evidence=f"subject {seen.subject}",
    )
    yield Finding(
        subject=f"{subject} name",
        ok=seen.matches_name,
        message=f"{'names' if seen.matches_name else 'does not name'} {edge.server_name}",
        remedy=f"issue the certificate with {edge.server_name} as subject alternative name",
        evidence=f"subject alternative names: {', '.join(seen.names) or 'none'}",
    )
    days = seen.seconds_left / 86_400
    yield Finding(
        subject=f"{subject} time left",
        ok=days > policy.tls.certificate_days_left,
        message=f"ends {seen.not_after:%Y-%m-%d %H:%M} UTC, {days:.1f} days from now",
        remedy=f"renew it more than {policy.tls.certificate_days_left} days before its end",
    )
