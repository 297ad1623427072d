"""A hospital node answers members of the federation over mutual TLS and nobody else (45 CFR 164.312(d) and (e)(1))."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import FederationFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Federation

_STRANGERS = {
    "without-certificate": "a caller without a certificate",
    "foreign-certificate": "a caller with a certificate of another authority",
    "plaintext": "a caller without TLS",
}


def _node_that_asks_for_no_certificate(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(client_certificates=False))


@check(
    gate=Gate.FEDERATION,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(d)", "hipaa:164.312(e)(1)"),
    violations=(_node_that_asks_for_no_certificate,),
)
def client_certificate_required(federation: Federation) -> Iterator[Finding]:
    """One finding per node and stranger; a node that does not answer its own members either proves nothing."""
    for contact in federation.contact("with-certificate"):
        if not contact.accepted:
            msg = f"{contact.node} does not answer a member of the federation: {contact.detail}"
            raise CannotLookError(msg)
    for way, who in _STRANGERS.items():
        for contact in federation.contact(way):
            yield Finding(
                subject=f"{contact.node} {way}",
                ok=not contact.accepted,
                message=f"{who} was {'answered' if contact.accepted else 'refused'}: {contact.detail}",
                remedy="require a client certificate and trust only the federation's authority for clients",
                evidence=contact.detail,
            )
