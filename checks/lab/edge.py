"""What can be wrong with an edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Edge

CertificateKind = Literal[
    "valid",
    "self-signed",
    "expired",
    "expiring",
    "expiring-issuer",
    "wrong-name",
    "short-key",
    "address-as-dns-name",
]
LegacyProtocol = Literal["SSLv3", "TLSv1.0", "TLSv1.1"]
_SECURITY_HEADERS = (
    "Strict-Transport-Security: max-age=31536000",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Referrer-Policy: no-referrer",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
)


@dataclass(frozen=True)
class EdgeFlaws(Flaws[Edge]):
    """The reference edge's nginx in front of a small static upstream.

    Args:
        protocols: nginx ``ssl_protocols``.
        ciphers: OpenSSL cipher list in place of the reference one.
        curves: nginx ``ssl_ecdh_curve`` in place of the reference one.
        dh_bits: size of the Diffie-Hellman group of DHE suites, which are offered where it is given.
        certificate: what it shows; ``expiring`` has a day left, ``expiring-issuer`` its intermediate; an edge that has
            its ``address-as-dns-name`` is known by that address.
        rsa_certificate: a second certificate beside it, for clients that want RSA; likewise.
        at_second_address: the edge's name stands for a second address as well, where this is served.
        replace: text of the rendered nginx.conf -> what stands there instead.
    """

    protocols: str = "TLSv1.2 TLSv1.3"
    ciphers: str = ""
    curves: str = ""
    dh_bits: Literal[0, 1024, 2048] = 0
    certificate: CertificateKind = "valid"
    rsa_certificate: CertificateKind | None = None
    at_second_address: EdgeFlaws | None = None
    replace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScriptedEdgeFlaws(Flaws[Edge]):
    """A small TLS server that gives one answer to every request, which no nginx would.

    Args:
        early_hints: headers (lines) of an answer of 103 before the answer itself; none is sent without any.
        headers: headers (lines) of the answer itself.
        certificate: see `EdgeFlaws`.
        client_certificate: refuse clients without a certificate, in the handshake.
        newest: the newest protocol version that it speaks.
    """

    early_hints: tuple[str, ...] = ()
    headers: tuple[str, ...] = _SECURITY_HEADERS
    certificate: CertificateKind = "valid"
    client_certificate: bool = False
    newest: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.3"

    @classmethod
    def with_all_headers_before_the_answer(cls) -> ScriptedEdgeFlaws:
        """Every header stands in an answer of 103, and none in the answer itself."""
        return cls(early_hints=_SECURITY_HEADERS, headers=())


@dataclass(frozen=True)
class LegacyEdgeFlaws(Flaws[Edge]):
    """A tlslite-ng server that speaks only ``version``, which no current nginx can be made to."""

    version: LegacyProtocol
