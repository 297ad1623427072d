"""The TLS and HTTP front door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from checks.application import Application
from checks.targets.reply import Reply


@dataclass(frozen=True)
class Handshake:
    """Outcome of offering one protocol version: ``version`` as in ``TLSv1.1``; ``ciphers`` by OpenSSL name."""

    version: str
    accepted: bool
    ciphers: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """The certificate chain that a server presents, judged against the trust anchors of the target.

    ``seconds_left`` until ``not_after``, negative when past; ``problem`` says why the path is not trusted.
    """

    subject: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    seconds_left: float
    key_bits: int
    signature_hash: str
    trusted: bool
    matches_name: bool
    problem: str


@runtime_checkable
class Edge(Protocol):
    """The TLS and HTTP front door.

    Args:
        address: ``host:port`` of HTTPS.
        server_name: the name that clients use.
        application: what stands behind it, as described; nothing but its name where nothing is declared.
    """

    address: str
    server_name: str
    application: Application

    def handshake(self, version: str) -> Handshake:
        """Offer exactly one of SSLv2, SSLv3, TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3."""
        ...

    def certificate(self) -> Certificate:
        """The leaf as presented, with the verdict of path validation and name matching."""
        ...

    def get(self, path: str, *, tls: bool = True) -> Reply:
        """GET over HTTPS, or over the plain HTTP port with ``tls=False``; redirects are not followed."""
        ...
