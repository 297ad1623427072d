"""A hospital node answers members of the federation over mutual TLS and nobody else (45 CFR 164.312(d) and (e)(1))."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import FederationFlaws, Lab
from checks.looking import every
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Federation

# No HTTP answer at all (0), or one that keeps out whoever asked; 495 to 497 are nginx's, as are its 400 for no
# certificate and for plain HTTP. Any other answer means that the application was reached.
_REFUSALS = frozenset({0, 400, 401, 403, 495, 496, 497})
_LIMITED, _BROKEN = 429, 500
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
    _answers_members(federation)
    yield from every(partial(_stranger, federation, way) for way in _STRANGERS)
    _answers_members(federation)


def _answers_members(federation: Federation) -> None:
    for contact in federation.contact("with-certificate"):
        if not contact.accepted:
            msg = f"{contact.node} does not answer a member of the federation: {contact.detail}"
            raise CannotLookError(msg)


def _stranger(federation: Federation, way: str) -> Iterator[Finding]:
    silent = ""
    for contact in federation.contact(way):
        if contact.status == _LIMITED or contact.status >= _BROKEN:
            silent = silent or f"{contact.node} answers {_STRANGERS[way]} {contact.detail}, which is no refusal"
            continue
        kept_out = contact.status in _REFUSALS and not contact.accepted
        yield Finding(
            subject=f"{contact.node} {way}",
            ok=kept_out,
            message=f"{_STRANGERS[way]} was {'refused' if kept_out else 'answered'}: {contact.detail}",
            remedy="require a client certificate and trust only the federation's authority for clients",
            evidence=contact.detail,
        )
    if silent:
        raise CannotLookError(silent)
