"""The TLS and HTTP front door: every address of it, and what each does.

    for at in edge.addresses():
        at.handshake("TLSv1.1").accepted
        at.certificates()[0].trusted
        at.get("/").headers["strict-transport-security"]

A name may stand for several addresses, and a server may present several certificates: a rule judges each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from checks.application import Application
from checks.targets.reply import Reply


@dataclass(frozen=True)
class KeyExchange:
    """An ephemeral key that a server took part with: ``group`` is a curve, such as ``secp192r1``, or the size of a
    prime, such as ``1024 bits``.
    """

    kind: Literal["DH", "ECDH"]
    group: str
    bits: int


@dataclass(frozen=True)
class Handshake:
    """Outcome of offering one protocol version: ``version`` as in ``TLSv1.1``; ``ciphers`` by OpenSSL name."""

    version: str
    accepted: bool
    ciphers: tuple[str, ...]
    key_exchanges: tuple[KeyExchange, ...] = ()


@dataclass(frozen=True)
class PathCertificate:
    """A certificate of a path: its key as in ``RSA`` of so many bits, and the hash that its issuer signed."""

    subject: str
    key: str
    key_bits: int
    signature_hash: str


@dataclass(frozen=True)
class Certificate:
    """One certificate that a server presents, judged against the trust anchors of the target.

    Args:
        versions: in which it was presented, such as ``TLSv1.2``.
        names: its subject alternative names with their types, such as ``DNS:gate.clinic.test`` and ``IP:10.0.0.2``.
        path: from the certificate to the trust anchor as validated, or as presented where it is not trusted.
        ends: when no valid path is left any more: another valid path counts, and so does the shortest life on each.
        ends_first: subject of the certificate whose end that is.
        seconds_left: until then, negative when past.
        problem: why the path is not trusted; empty when it is.
    """

    fingerprint: str
    versions: tuple[str, ...]
    names: tuple[str, ...]
    path: tuple[PathCertificate, ...]
    ends: datetime
    ends_first: str
    seconds_left: float
    matches_name: bool
    problem: str

    @property
    def trusted(self) -> bool:
        """Whether a valid path leads to a trust anchor."""
        return not self.problem


class EdgeAddress(Protocol):
    """One address at which HTTPS is served; ``address`` as in ``10.0.0.2:443`` or ``[2001:db8::2]:443``."""

    address: str

    def handshake(self, version: str) -> Handshake:
        """Offer exactly one of SSLv2, SSLv3, TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3."""
        ...

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate that it presents, to clients of any version and any kind of signature; at least one."""
        ...

    def get(self, path: str) -> Reply:
        """GET over HTTPS; redirects are not followed."""
        ...


class PlainAddress(Protocol):
    """One address at which plain HTTP would be served."""

    address: str

    def get(self, path: str) -> Reply | None:
        """GET without TLS; None where nothing takes connections while the front door itself does."""
        ...


@runtime_checkable
class Edge(Protocol):
    """The TLS and HTTP front door.

    Args:
        server_name: the name that clients use.
        application: what stands behind it, as described; nothing but its name where nothing is declared.
    """

    server_name: str
    application: Application

    def addresses(self) -> tuple[EdgeAddress, ...]:
        """Every address of HTTPS, IPv4 and IPv6, as its name was resolved once; at least one."""
        ...

    def plain_addresses(self) -> tuple[PlainAddress, ...]:
        """Every address of plain HTTP: as declared, else port 80 of those of HTTPS."""
        ...
